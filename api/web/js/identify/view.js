// Identify: one picture, what is on it, why this product and why not that one.
import { formOf, path, upload } from '../api.js'
import { button, fill, h } from '../dom.js'
import { drawFound, fit, holds } from '../drawing.js'
import { dropZone, listen, onPaste } from '../drop.js'
import { empty, notify, problem } from '../notices.js'
import { catalog, fetchProduct, product } from '../shop.js'
import { count, percent, verdictPill } from '../words.js'
import { Why } from './why.js'

export function open() {
  if (!catalog()) {
    return { element: h('div', { class: 'view' }, h('h1', {}, 'Identify'), h('div', { class: 'panel' }, empty(
      'identify', 'First, something to compare with', 'A picture is compared with the products of a catalog; make one first.',
      h('a', { class: 'button button-main', href: '#/catalog' }, 'Make a catalog'),
    ))), close() {} }
  }
  const view = new IdentifyView()
  return { element: view.element, close: () => view.close() }
}

class IdentifyView {
  constructor() {
    this.place = h('div', { class: 'stack-wide' })
    this.status = h('div', { class: 'small quiet', role: 'status' })
    this.head = h('div', { class: 'row' })
    this.element = h('div', { class: 'view drop-target' }, h('div', { class: 'view-head' }, h('div', {}, h('h1', {}, 'Identify'), this.status), this.head), this.place)
    listen(this.element, this.element, files => this.take([...files].find(file => file.type.startsWith('image/'))))
    this.stopPaste = onPaste(files => this.take(files[0]))
    this.size = new ResizeObserver(() => this.draw())
    this.begin()
  }

  close() {
    this.stopPaste()
    this.size.disconnect()
    this.abort?.abort()
    this.bitmap?.close()
  }

  begin() {
    fill(this.head)
    fill(this.place, h('div', { class: 'panel' }, dropZone({
      title: 'Drop or paste a picture', label: 'Choose a picture', multiple: false, symbol: 'identify',
      hint: `It is compared with every product of “${catalog()}”, and not kept.`, onFiles: files => this.take(files[0]),
      onRefused: () => notify('That is no picture; give a JPEG, PNG or WebP file.', { bad: true }),
    })))
  }

  async take(file) {
    if (!file) return notify('That is no picture; give a JPEG, PNG or WebP file.', { bad: true })
    this.abort?.abort()
    this.abort = new AbortController()
    this.file = file
    fill(this.status, 'Looking…')
    fill(this.place, h('progress', { 'aria-label': 'Looking' }))
    try {
      const [answer, bitmap] = await Promise.all([
        upload(path('catalogs', catalog(), 'identify'), formOf({ image: file }), { signal: this.abort.signal }),
        createImageBitmap(file).catch(() => null), // a format that only the service reads has no picture here
      ])
      this.bitmap?.close()
      this.bitmap = bitmap
      await this.show(answer)
    } catch (error) {
      if (error.name === 'AbortError') return undefined
      fill(this.status)
      this.begin()
      this.place.prepend(problem(error))
    }
    return undefined
  }

  async show(answer) {
    this.detections = answer.detections
    await Promise.all(answer.detections.map(one => one.product_id && fetchProduct(one.product_id)))
    const sure = answer.detections.filter(one => one.verdict === 'identical').length
    fill(this.status, `${count(answer.detections.length, 'thing')} seen, ${sure} recognised, in ${Math.round(answer.elapsed_ms.total)} ms`)
    const again = h('input', { type: 'file', accept: 'image/*', class: 'hidden-label', tabIndex: -1, 'aria-label': 'Another picture', on: { change: () => this.take(again.files[0]) } })
    fill(this.head, again, button('Another picture', () => again.click(), { symbol: 'upload' }))
    this.canvas = h('canvas', { role: 'img', 'aria-label': this.described(), class: 'picture', on: { click: event => this.pick(event) } })
    this.list = h('ul', { class: 'stack', 'aria-label': 'What is on the picture' })
    this.why = h('div', { class: 'stack-wide' })
    fill(this.place, h('div', { class: 'identify' }, h('div', { class: 'stage-frame' }, this.bitmap ? this.canvas : h('p', { class: 'empty' }, 'This browser cannot show the picture.')),
      h('div', { class: 'stack' }, this.detections.length ? this.list : h('div', { class: 'panel' }, empty(
        'identify', 'Nothing that looks like a product', 'Try a closer or sharper picture, or one with less around the product.')))), this.why)
    this.size.disconnect()
    this.size.observe(this.canvas.parentElement ?? this.place)
    this.choose(0)
  }

  described() {
    return this.detections.map(one => (one.verdict === 'unknown' ? 'something unknown' : `${product(one.product_id).name}, ${one.verdict}`)).join('; ') || 'Your picture'
  }

  choose(index) {
    this.chosen = index
    fill(this.list, this.detections.map((one, at) => this.line(one, at)))
    this.draw()
    const found = this.detections[index]
    fill(this.why, found?.candidates.length ? new Why(this.file, this.bitmap, found).element : null)
  }

  line(found, index) {
    const isNamed = found.product_id && found.verdict !== 'unknown'
    const act = () => { this.choose(index); this.list.children[index].firstChild.focus() }
    return h('li', {}, h(
      'button', { type: 'button', class: 'found', 'aria-pressed': String(index === this.chosen), data: { verdict: found.verdict, product: found.product_id ?? '' }, on: { click: act } },
      h('span', { class: 'grow stack-tight' }, h('span', { class: 'strong break' }, isNamed ? product(found.product_id).name : 'Not in the catalog'),
        h('span', { class: 'small quiet' }, isNamed ? `${percent(found.probability)} sure` : nearest(found))),
      verdictPill(found.verdict),
    ))
  }

  pick(event) {
    const bounds = this.canvas.getBoundingClientRect()
    const scale = this.bitmap.width / bounds.width
    const point = [(event.clientX - bounds.left) * scale, (event.clientY - bounds.top) * scale]
    const index = this.detections.findIndex(one => holds(one, point))
    if (index >= 0) this.choose(index)
  }

  draw() {
    if (!this.bitmap || !this.canvas?.isConnected) return
    const width = this.canvas.clientWidth
    const unit = fit(this.canvas, width, (width * this.bitmap.height) / this.bitmap.width)
    const paper = this.canvas.getContext('2d')
    paper.imageSmoothingQuality = 'high'
    paper.drawImage(this.bitmap, 0, 0, this.canvas.width, this.canvas.height)
    const scale = this.canvas.width / this.bitmap.width
    const draw = (one, isChosen) => drawFound(paper, one, one.product_id ? product(one.product_id).name : '', { scale, unit, dim: !isChosen, label: isChosen })
    this.detections.forEach((one, index) => index !== this.chosen && draw(one, false))
    if (this.detections[this.chosen]) draw(this.detections[this.chosen], true)
  }
}

const nearest = found => (found.product_id && found.probability >= 0.01 ? `nearest: ${product(found.product_id).name}, ${percent(found.probability)}` : 'nothing similar')

