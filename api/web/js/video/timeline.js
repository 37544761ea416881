// Appearances over time, one row per product; scrubbed with pointer or keys.
import { fill, h } from '../dom.js'
import { product } from '../shop.js'
import { clock, count } from '../words.js'

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600]

/** A timeline; `onSeek` gets seconds. */
export class Timeline {
  constructor({ onSeek }) {
    this.onSeek = onSeek
    this.duration = 0
    this.now = 0
    this.head = h('div', { class: 'playhead' })
    this.ruler = h('div', { class: 'ruler', 'aria-hidden': 'true' })
    this.rows = h('div', { class: 'rows' })
    this.scrub = h('div', {
      class: 'scrub', role: 'slider', tabIndex: 0, 'aria-label': 'Moment in the video', 'aria-valuemin': '0',
      on: { pointerdown: event => this.grab(event), pointermove: event => this.move(event), keydown: event => this.key(event) },
    }, this.ruler, this.rows, this.head)
    this.names = h('div', { class: 'row-names' })
    this.element = h('section', { class: 'panel timeline', 'aria-label': 'Timeline' }, this.names, this.scrub)
    this.element.hidden = true
  }

  /** Spans of {product_id, verdict, from, to} in seconds; null is unknown. */
  show(spans, duration) {
    this.duration = duration
    this.element.hidden = !duration
    if (!duration) return
    const rows = new Map()
    const inOrder = spans.filter(span => span.product_id).sort((one, other) => one.from - other.from)
    for (const span of [...inOrder, ...spans.filter(span => !span.product_id)]) {
      const key = span.product_id ?? ''
      rows.set(key, [...(rows.get(key) ?? []), span])
    }
    fill(this.names, h('div', { class: 'ruler' }), [...rows].map(([id]) => h('p', { class: `clip ${id ? '' : 'faint'}` }, id ? product(id).name : 'Unknown')))
    fill(this.rows, [...rows].map(([id, row]) => h('div', { class: 'track', data: { product: id } }, row.map(span => this.bar(span)))))
    fill(this.ruler, this.ticks())
    this.scrub.setAttribute('aria-valuemax', String(Math.round(duration)))
    this.element.setAttribute('aria-description', `${count(spans.length, 'appearance')} in ${clock(duration)}`)
    this.at(this.now)
  }

  /** Show the moment that is played. */
  at(seconds) {
    this.now = Math.min(Math.max(seconds, 0), this.duration)
    this.head.style.left = `${(this.now / (this.duration || 1)) * 100}%`
    this.scrub.setAttribute('aria-valuenow', this.now.toFixed(1))
    this.scrub.setAttribute('aria-valuetext', clock(this.now, true))
  }

  bar(span) {
    const bar = h('div', { class: `bar bar-${span.verdict}`, title: `${span.product_id ? product(span.product_id).name : 'Unknown'}, ${clock(span.from, true)} to ${clock(span.to, true)}` })
    bar.style.left = `${(span.from / this.duration) * 100}%`
    bar.style.width = `${Math.max(((span.to - span.from) / this.duration) * 100, 0.4)}%`
    return bar
  }

  ticks() {
    const most = Math.max(2, Math.floor(this.scrub.clientWidth / 74))
    const step = STEPS.find(one => this.duration / one <= most) ?? 7200
    return Array.from({ length: Math.floor(this.duration / step) + 1 }, (_, index) => {
      const isLast = (index * step) / this.duration > 0.96
      const tick = h('span', { class: isLast ? 'last' : '' }, clock(index * step))
      tick.style.left = `${((index * step) / this.duration) * 100}%`
      return tick
    })
  }

  grab(event) {
    this.scrub.setPointerCapture(event.pointerId)
    this.seekTo(event)
  }

  move(event) {
    if (this.scrub.hasPointerCapture(event.pointerId)) this.seekTo(event)
  }

  seekTo(event) {
    const bounds = this.scrub.getBoundingClientRect()
    this.onSeek(Math.min(Math.max((event.clientX - bounds.left) / bounds.width, 0), 1) * this.duration)
  }

  key(event) {
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -10, PageUp: 10 }
    const to = event.key === 'Home' ? 0 : event.key === 'End' ? this.duration : this.now + (moves[event.key] ?? NaN)
    if (Number.isNaN(to)) return
    event.preventDefault()
    this.onSeek(Math.min(Math.max(to, 0), this.duration))
  }
}
