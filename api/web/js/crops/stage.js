// A picture with something drawn on it; a point of it may be asked about by pointer or keys.
import { fill, h } from '../dom.js'
import { fit } from '../drawing.js'

const HIGHEST = 0.68 // of the window, so that the picture and what is said of it are seen together
const LEAST_HEIGHT = 220 // CSS pixels
const SMALLEST = 320 // CSS pixels of the longer side: a tiny picture is shown larger
const MOST_ENLARGED = 2
const STEP = 0.05 // of the longer side, for one press of an arrow; a fifth of it with Shift
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }

export class Stage {
  /** `draw(paper, scale, unit)` draws over the picture; with `onPoint` it can be pointed at. */
  constructor(picture, { label, draw, onPoint }) {
    Object.assign(this, { picture, drawOver: draw, onPoint })
    this.canvas = h('canvas', { class: onPoint ? 'crop-picture crop-pointed' : 'crop-picture', role: 'img', 'aria-label': label })
    if (onPoint) this.listen()
    this.element = h('div', { class: 'stage-frame crop-stage' }, this.canvas)
    this.size = new ResizeObserver(() => requestAnimationFrame(() => this.element.clientWidth !== this.width && this.draw()))
    this.size.observe(this.element)
    picture.ready.then(() => {
      if (!picture.bitmap && !picture.isClosed) fill(this.element, h('p', { class: 'empty' }, 'This browser cannot show the picture.'))
      this.draw()
    })
  }

  close() {
    this.size.disconnect()
  }

  set label(text) {
    this.canvas.setAttribute('aria-label', text)
  }

  listen() {
    this.canvas.tabIndex = 0
    this.canvas.setAttribute('role', 'application')
    this.canvas.addEventListener('click', event => {
      const bounds = this.canvas.getBoundingClientRect()
      this.ask([(event.clientX - bounds.left) / bounds.width, (event.clientY - bounds.top) / bounds.height])
    })
    this.canvas.addEventListener('keydown', event => this.onKey(event))
    this.canvas.addEventListener('blur', () => { this.cross = null; this.draw() })
  }

  onKey(event) {
    const { bitmap } = this.picture
    if (!bitmap) return
    if (ARROWS[event.key]) {
      const step = (event.shiftKey ? STEP / 5 : STEP) * Math.max(bitmap.width, bitmap.height)
      const [x, y] = this.cross ?? [0.5, 0.5]
      const [right, down] = ARROWS[event.key]
      const within = share => Math.min(Math.max(share, 0), 1)
      this.cross = [within(x + (right * step) / bitmap.width), within(y + (down * step) / bitmap.height)]
      this.draw()
    } else if ((event.key === 'Enter' || event.key === ' ') && this.cross) this.ask(this.cross)
    else if (event.key === 'Escape' && this.cross) { this.cross = null; this.draw() }
    else return
    event.preventDefault()
  }

  ask([x, y]) {
    const { bitmap } = this.picture
    if (bitmap) this.onPoint([Math.min(x * bitmap.width, bitmap.width - 1), Math.min(y * bitmap.height, bitmap.height - 1)])
  }

  draw() {
    const { bitmap } = this.picture
    const width = this.element.clientWidth
    if (!bitmap || !width) return
    this.width = width
    const highest = Math.max(LEAST_HEIGHT, window.innerHeight * HIGHEST)
    const largest = Math.max(MOST_ENLARGED, SMALLEST / Math.max(bitmap.width, bitmap.height))
    const scale = Math.min(width / bitmap.width, highest / bitmap.height, largest)
    const shown = [bitmap.width, bitmap.height].map(side => Math.max(1, Math.round(side * scale)))
    this.canvas.style.width = `${shown[0]}px`
    const unit = fit(this.canvas, ...shown)
    const paper = this.canvas.getContext('2d')
    paper.drawImage(this.preview(), 0, 0)
    this.drawOver(paper, this.canvas.width / bitmap.width, unit)
    if (this.cross) drawCross(paper, this.cross.map((share, axis) => share * [this.canvas.width, this.canvas.height][axis]), unit)
  }

  /** The picture in the size of the canvas: large ones are not made small anew for each press of a key. */
  preview() {
    const { width, height } = this.canvas
    if (this.kept?.width === width && this.kept.height === height) return this.kept
    this.kept = h('canvas', { width, height })
    const paper = this.kept.getContext('2d')
    paper.imageSmoothingQuality = 'high'
    paper.drawImage(this.picture.bitmap, 0, 0, width, height)
    return this.kept
  }
}

/** A cross with a ring, in canvas pixels: where somebody points. */
export function drawCross(paper, [x, y], unit) {
  paper.save()
  for (const [paint, width] of [['rgb(8 10 16 / 72%)', 4], ['#ffffff', 1.8]]) {
    paper.beginPath()
    paper.arc(x, y, 7 * unit, 0, 7)
    for (const [dx, dy] of Object.values(ARROWS)) {
      paper.moveTo(x + dx * 7 * unit, y + dy * 7 * unit)
      paper.lineTo(x + dx * 16 * unit, y + dy * 16 * unit)
    }
    paper.strokeStyle = paint
    paper.lineWidth = width * unit
    paper.stroke()
  }
  paper.restore()
}
