// One thumbnail: the cut itself, why it is so, the others to choose from, and the way to take it.
import { button, fill, h, icon } from '../dom.js'
import { cutOut, download, downloadCanvas } from './picture.js'

const HEIGHT = 180 // CSS pixels, of all of them, so that they stand in a row
const NARROW = [860, 140] // CSS pixels: in a window as narrow as this they are so high
const LEAST_WIDTH = 60 // CSS pixels of what is shown
const MOST_CHOICES = 4 // a row of them is as wide as the narrowest thumbnail

export class Shot {
  constructor(thumbnail, picture, { onChosen, widthOf }) {
    Object.assign(this, { thumbnail, picture, onChosen, widthOf, aspect: thumbnail.aspect })
    this.choices = [thumbnail, ...thumbnail.alternatives].slice(0, MOST_CHOICES)
    this.words = h('p', { class: 'small quiet' })
    this.others = h('div', { class: 'row crop-others', role: 'group', 'aria-label': `Choices for ${this.aspect}` })
    this.button = h('button', { type: 'button', class: 'shot-button', 'aria-label': `Show where ${this.aspect} is cut`, on: { click: () => onChosen(this) } })
    const take = `Download ${this.aspect}`
    this.element = h('li', { class: 'shot', data: { aspect: this.aspect } }, this.button,
      h('div', { class: 'row-between' }, h('h3', {}, this.aspect), button(take, () => this.download(), { look: 'small', symbol: 'download', iconOnly: true })),
      this.words, thumbnail.cuts_a_face && h('div', { class: 'row' }, h('span', { class: 'pill pill-bad' }, 'Cuts a face')), this.others)
    this.pick(0)
  }

  get box() {
    return this.choices[this.at].box
  }

  press(isChosen) {
    this.button.setAttribute('aria-pressed', String(isChosen))
  }

  pick(index) {
    this.at = index
    fill(this.button, this.cut())
    fill(this.words, sentenceOf(this.choices[index].reasons))
    if (this.choices.length < 2) return
    const act = at => { this.pick(at); this.onChosen(this); this.others.children[at].focus() }
    fill(this.others, this.choices.map((choice, at) => h('button', {
      type: 'button', class: 'chip chip-small', 'aria-pressed': String(at === index), 'aria-label': `Choice ${at + 1} of ${this.choices.length}`,
      title: `Score ${choice.score.toFixed(2)}`, on: { click: () => act(at) },
    }, at + 1)))
  }

  cut() {
    const label = `The thumbnail ${this.aspect}`
    const [left, top, right, bottom] = this.box
    const height = window.innerWidth <= NARROW[0] ? NARROW[1] : HEIGHT
    const width = Math.max(LEAST_WIDTH, (height * (right - left)) / Math.max(1, bottom - top))
    if (this.picture.bitmap) {
      const canvas = cutOut(this.picture.bitmap, this.box, Math.min(width * 2, 1200))
      canvas.setAttribute('role', 'img')
      canvas.setAttribute('aria-label', label)
      canvas.style.width = `${width}px`
      return canvas
    }
    return this.thumbnail.picture ? h('img', { src: this.thumbnail.picture, alt: label, height }) : icon('picture')
  }

  download() {
    const name = this.picture.partName(this.aspect.replace(':', 'x'))
    if (!this.picture.bitmap) return download(this.thumbnail.picture, name.replace(/\.png$/, '.jpg'))
    const [left, , right] = this.box
    const width = Math.min(this.widthOf() || Infinity, Math.round(right) - Math.round(left))
    return downloadCanvas(cutOut(this.picture.bitmap, this.box, width), name)
  }
}

function sentenceOf(reasons) {
  const words = reasons.join('; ')
  return words && `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}
