// Locate, one against many: which of several pictures it is cut from, and each that is related beside it.
import { formOf, upload } from '../api.js'
import { fill, h } from '../dom.js'
import { percent } from '../words.js'
import { Locate, RELATIONS, ended } from './locate.js'
import { Picture, waiting } from './picture.js'

export const MOST_AMONG = 32 // pictures that the service compares with one

export class Among {
  constructor(picture, others, { refusal, zone }) {
    Object.assign(this, { picture, others, refusal, zone, pair: null })
    this.status = h('p', { class: 'small quiet break', role: 'status' })
    this.said = h('div', { class: 'stack grow' })
    this.list = h('ul', { class: 'crop-among', 'aria-label': 'Related pictures' })
    this.detail = h('div', {})
    this.mirrored = h('input', { type: 'checkbox', on: { change: () => this.ask() } })
    this.element = h('div', { class: 'stack-wide' }, h('div', { class: 'crop-answer' }, h('div', { class: 'stack grow' }, this.status, this.said),
      h('label', { class: 'row crop-check' }, this.mirrored, 'Also when mirrored')), this.list, this.detail)
    this.ask()
  }

  close() {
    this.abort?.abort()
    this.leave()
  }

  /** Forget the pair that is shown. */
  leave() {
    this.pair?.close()
    this.other?.close()
    Object.assign(this, { pair: null, other: null })
  }

  async ask() {
    this.abort?.abort()
    const abort = this.abort = new AbortController()
    this.leave()
    const { bar, onProgress } = waiting('Comparing')
    fill(this.status, `Looking for ${this.picture.name} in ${this.others.length} pictures…`)
    for (const [place, shown] of [[this.said, bar], [this.list], [this.detail]]) fill(place, shown)
    try {
      const form = formOf({ image: this.picture.file, among: this.others })
      this.show(await upload(`v1/crops/locate?mirrored=${this.mirrored.checked}`, form, { signal: abort.signal, onProgress }))
    } catch (error) {
      if (error.name === 'AbortError') return
      fill(this.status)
      fill(this.said, this.refusal(error, () => this.ask()))
    }
  }

  show(answer) {
    this.related = answer.answers.filter(one => one.relation !== 'unrelated')
    const count = this.related.length
    fill(this.status, `${this.picture.name} was looked for in ${answer.compared} pictures; ${['none is', 'one is'][count] ?? `${count} are`} related.`)
    fill(this.said, !count && h('p', { class: 'conclusion break' }, ended(answer.sentence)))
    if (count) this.choose(0)
  }

  choose(index) {
    this.leave()
    this.chosen = this.related[index]
    fill(this.list, this.related.map((one, at) => this.line(one, at)))
    this.other = new Picture(this.others[this.chosen.index])
    this.pair = new Locate([this.picture, this.other], { refusal: this.refusal, zone: this.zone, mirrored: this.mirrored.checked })
    fill(this.detail, this.pair.element)
  }

  line(one, index) {
    const act = () => { this.choose(index); this.list.children[index].firstChild.focus() }
    return h('li', {}, h('button', { type: 'button', class: 'found', 'aria-pressed': String(one === this.chosen), on: { click: act } },
      h('span', { class: 'crop-number', 'aria-hidden': 'true' }, index + 1),
      h('span', { class: 'grow stack-tight' }, h('span', { class: 'strong break' }, this.others[one.index].name), h('span', { class: 'small quiet' }, RELATIONS[one.relation] ?? one.relation)),
      h('span', { class: 'small quiet' }, percent(one.probability))))
  }
}
