// Thumbnails: the most pleasant crop at each of some aspects, with its reasons.
import { formOf, upload } from '../api.js'
import { button, calm, field, fill, h } from '../dom.js'
import { PAINT, cornersOf, drawOutline, shadeAround } from '../drawing.js'
import { waiting } from './picture.js'
import { Shot } from './shot.js'
import { Stage } from './stage.js'

const ASPECTS = ['1:1', '4:3', '3:4', '16:9', '9:16']
const FIRST = ['1:1', '4:3', '16:9']
const WIDTHS = [0, 1280, 640, 320, 160] // pixels; 0 is as it is
const CALM = 250 // milliseconds: who chooses several aspects is asked for once

export class Thumbnails {
  constructor([picture], { refusal }) {
    Object.assign(this, { picture, refusal, aspects: [...ASPECTS], wanted: new Set(FIRST), shots: [] })
    this.status = h('p', { class: 'small quiet', role: 'status' })
    this.said = h('div', { class: 'crop-said' })
    this.chips = h('div', { class: 'row', role: 'group', 'aria-label': 'Aspects' })
    this.custom = h('input', { class: 'crop-aspect', placeholder: '21:9', autocomplete: 'off', spellcheck: false, inputMode: 'text' })
    this.width = h('select', { on: { change: () => this.picture.bitmap || this.ask() } }, WIDTHS.map(width => h('option', { value: width }, width ? `${width} px wide` : 'As it is')))
    this.faces = this.check('Show faces', () => this.stage.draw())
    this.saliency = this.check('Show where people look', () => (this.map ? this.stage.draw() : this.ask()))
    this.stage = new Stage(picture, { label: picture.name, draw: (...given) => this.draw(...given) })
    this.results = h('ul', { class: 'shots', 'aria-label': 'Thumbnails' })
    this.askSoon = calm(CALM, () => this.ask())
    const add = event => { event.preventDefault(); this.add() }
    this.element = h('div', { class: 'stack-wide' },
      h('div', { class: 'panel crop-controls' }, h('div', { class: 'stack-tight-gap' }, h('p', { class: 'label' }, 'Aspects'), this.chips),
        h('form', { class: 'crop-custom', on: { submit: add } }, field('Another aspect', this.custom), button('Add', null, { type: 'submit' })),
        field('Size to download', this.width)),
      h('div', { class: 'crop-framed' }, h('div', { class: 'stack' }, this.status, this.said, this.results),
        h('section', { class: 'stack', 'aria-label': 'Where it is cut' }, this.stage.element,
          h('div', { class: 'row crop-checks' }, this.faces.label, this.saliency.label))))
    this.showChips()
    this.ask()
  }

  close() {
    this.abort?.abort()
    this.stage.close()
  }

  check(name, act) {
    const box = h('input', { type: 'checkbox', on: { change: act } })
    return { box, label: h('label', { class: 'row crop-check' }, box, name) }
  }

  showChips() {
    const had = [...this.chips.children].indexOf(document.activeElement)
    const toggle = aspect => {
      if (!this.wanted.delete(aspect)) this.wanted.add(aspect)
      this.showChips()
      this.askSoon()
    }
    fill(this.chips, this.aspects.map(aspect => h('button', { type: 'button', class: 'chip', 'aria-pressed': String(this.wanted.has(aspect)), on: { click: () => toggle(aspect) } }, aspect)))
    this.chips.children[had]?.focus()
  }

  add() {
    const aspect = this.custom.value.trim()
    if (!aspect) return this.custom.focus()
    this.wanted.add(aspect)
    return this.ask(aspect)
  }

  /** Ask for the chosen aspects; a `fresh` one stays only if the service takes it. */
  async ask(fresh = '') {
    this.abort?.abort()
    const abort = this.abort = new AbortController()
    if (!this.wanted.size) return this.show({ thumbnails: [], faces: this.answer?.faces ?? [] }, 'Choose an aspect.')
    fill(this.status, 'Framing…')
    const { bar, onProgress } = waiting('Framing')
    fill(this.said, bar)
    try {
      await this.picture.ready
      const answer = await upload(this.address(), formOf({ image: this.picture.file }), { signal: abort.signal, onProgress })
      if (fresh && !this.aspects.includes(fresh)) this.aspects.push(fresh)
      if (fresh) this.custom.value = ''
      if (answer.saliency) this.map = await decoded(answer.saliency)
      this.show(answer, said(answer))
      this.showChips()
    } catch (error) {
      if (error.name === 'AbortError') return undefined
      if (fresh && !this.aspects.includes(fresh)) this.wanted.delete(fresh)
      fill(this.status)
      fill(this.said, this.refusal(error, () => this.ask(fresh)))
    }
    return undefined
  }

  address() {
    // The page cuts for itself, unless the browser cannot read the picture.
    const query = new URLSearchParams({ saliency: this.saliency.box.checked && !this.map, pictures: !this.picture.bitmap })
    if (Number(this.width.value) && !this.picture.bitmap) query.set('width', this.width.value)
    const order = [...this.aspects, ...this.wanted]
    for (const aspect of new Set(order.filter(one => this.wanted.has(one)))) query.append('aspect', aspect)
    return `v1/crops/thumbnail?${query}`
  }

  show(answer, sentence) {
    this.answer = answer
    fill(this.status, sentence)
    fill(this.said)
    this.shots = answer.thumbnails.map(thumbnail => new Shot(thumbnail, this.picture, {
      onChosen: shot => this.choose(shot), widthOf: () => Number(this.width.value),
    }))
    fill(this.results, this.shots.map(shot => shot.element))
    this.choose(this.shots.find(shot => shot.aspect === this.chosen?.aspect) ?? this.shots[0])
  }

  choose(shot) {
    this.chosen = shot
    for (const one of this.shots) one.press(one === shot)
    this.stage.label = shot ? `${this.picture.name}, and on it the thumbnail ${shot.aspect}` : this.picture.name
    this.stage.draw()
  }

  draw(paper, scale, unit) {
    if (this.saliency.box.checked && this.map) {
      paper.save()
      paper.globalCompositeOperation = 'multiply'
      paper.drawImage(this.map, 0, 0, paper.canvas.width, paper.canvas.height)
      paper.restore()
    }
    const cornersIn = box => cornersOf({ box }).map(([x, y]) => [x * scale, y * scale])
    if (this.chosen) {
      shadeAround(paper, cornersIn(this.chosen.box))
      drawOutline(paper, cornersIn(this.chosen.box), { paint: PAINT.region, unit, text: this.chosen.aspect })
    }
    if (this.faces.box.checked) for (const { box } of this.answer?.faces ?? []) drawOutline(paper, cornersIn(box), { paint: PAINT.face, unit })
  }
}

function said({ faces, elapsed_ms: elapsed }) {
  const seen = { 0: 'No face is seen', 1: 'One face is seen' }[faces.length] ?? `${faces.length} faces are seen`
  return `${seen}; ${Math.round(elapsed)}\u00a0ms.`
}

async function decoded(address) {
  const image = h('img', { src: address, alt: '' })
  await image.decode().catch(() => {})
  return image.naturalWidth ? image : null
}
