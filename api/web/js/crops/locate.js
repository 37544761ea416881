// Locate: whether one of two pictures is cut from the other, and where it lies.
import { formOf, upload } from '../api.js'
import { button, fill, h } from '../dom.js'
import { PAINT, drawOutline, shadeAround } from '../drawing.js'
import { percent } from '../words.js'
import { copyJson, download, waiting } from './picture.js'
import { Stage } from './stage.js'

export const RELATIONS = { crop: 'A crop', same: 'The same picture', overlap: 'They overlap', ambiguous: 'Several places', unrelated: 'Not related' }

export class Locate {
  /** `mirrored`, if given, was decided elsewhere. */
  constructor(pictures, { refusal, zone, mirrored: decided }) {
    Object.assign(this, { pictures, refusal })
    this.said = h('div', { class: 'stack grow', 'aria-live': 'polite' })
    this.stages = pictures.map((picture, index) => new Stage(picture, { label: `${'AB'[index]}: ${picture.name}`, draw: (...given) => this.draw(index, ...given) }))
    this.captions = pictures.map(() => h('figcaption', { class: 'small quiet break' }))
    this.numbers = h('section', { class: 'stack crop-numbers', 'aria-label': 'The answer in numbers' })
    this.difference = h('div', { class: 'crop-difference' })
    this.pair = h('div', { class: 'crop-pair' }, this.stages.map((stage, index) => h('figure', { class: `stack crop-${'ab'[index]}` }, stage.element, this.captions[index])), this.numbers, this.difference)
    const mirrored = h('input', { type: 'checkbox', checked: decided ?? false, on: { change: () => this.ask() } })
    this.mirrored = mirrored
    if (pictures.length < 2) this.pair.append(h('div', { class: 'panel crop-b' }, zone({ title: 'Now the other picture', label: 'Choose the other picture', hint: 'Either may be the crop. With several, this one is looked for in them.' })))
    this.element = h('div', { class: 'stack-wide' }, pictures.length > 1 && h('div', { class: 'crop-answer' }, this.said,
      decided === undefined && h('label', { class: 'row crop-check' }, mirrored, 'Also when mirrored')), this.pair)
    this.caption()
    if (pictures.length > 1) this.ask()
  }

  close() {
    this.abort?.abort()
    for (const stage of this.stages) stage.close()
  }

  async ask() {
    this.abort?.abort()
    const abort = this.abort = new AbortController()
    const { bar, onProgress } = waiting('Comparing')
    fill(this.said, h('p', { class: 'small quiet' }, 'Comparing…'), bar)
    const [a, b] = this.pictures
    try {
      const address = `v1/crops/locate?mirrored=${this.mirrored.checked}&difference=true`
      this.show(await upload(address, formOf({ image: [a.file, b.file] }), { signal: abort.signal, onProgress }))
    } catch (error) {
      if (error.name === 'AbortError') return
      this.show(null)
      fill(this.said, this.refusal(error, () => this.ask()))
    }
  }

  show(answer) {
    this.answer = answer
    const isCrop = Boolean(answer?.position)
    this.pair.classList.toggle('crop-pair-cut', isCrop)
    this.pair.classList.toggle('crop-pair-turned', isCrop && this.full === 1)
    this.caption()
    for (const stage of this.stages) stage.draw()
    fill(this.numbers, answer && numbers(answer, 'AB'[this.full], 'AB'[1 - this.full]))
    fill(this.difference, answer?.difference && differs(answer.difference, this.pictures[0]))
    if (!answer) return
    fill(this.said, h('p', { class: 'conclusion break' }, ended(answer.sentence)), h('div', { class: 'row' },
      h('span', { class: 'pill', data: { relation: answer.relation } }, RELATIONS[answer.relation] ?? answer.relation),
      h('span', { class: 'small quiet' }, `${percent(answer.probability)} likely to be of one picture`)))
  }

  /** Which of the two is the full picture. */
  get full() {
    return this.answer?.crop === 'a' ? 1 : 0
  }

  caption() {
    this.pictures.forEach((picture, index) => picture.ready.then(() => {
      const { bitmap } = picture
      const part = this.answer?.position && this.answer.crop ? [', the full picture', ', the crop'][Number(this.full !== index)] : ''
      fill(this.captions[index], h('span', { class: 'strong' }, 'AB'[index]), ` ${picture.name}${part}${bitmap ? `, ${bitmap.width} × ${bitmap.height} px` : ''}`)
    }))
  }

  draw(index, paper, scale, unit) {
    const outlines = this.outlinesIn(index).map(outline => outline.map(([x, y]) => [x * scale, y * scale]))
    if (outlines.length === 1) shadeAround(paper, outlines[0])
    outlines.forEach((outline, at) => drawOutline(paper, outline, { paint: PAINT.region, unit, text: outlines.length > 1 ? String(at + 1) : this.nameIn(index) }))
  }

  outlinesIn(index) {
    if (!this.answer) return []
    const { position, places } = this.answer
    if (position) return this.full === index ? [position.outline] : []
    return (places ?? []).map(place => place['ab'[index]]).filter(Boolean)
  }

  nameIn(index) {
    return this.answer.position ? this.pictures[1 - index].name : 'Common part'
  }
}

function numbers(answer, full, crop) {
  const { difference, ...record } = answer
  const table = answer.position ? positionTable(answer.position, full, crop) : answer.places?.length ? placesTable(answer) : null
  return [table, h('div', { class: 'row' }, button('Copy JSON', () => copyJson(record, 'The answer is on the clipboard.'), { symbol: 'copy' }))]
}

function differs(difference, picture) {
  const name = picture.partName('difference').replace(/\.png$/, '.jpg')
  return h('figure', { class: 'stack' }, h('div', { class: 'crop-answer' },
    h('figcaption', { class: 'small quiet grow' }, 'What differs once the crop lies on its place: white where nothing does, darker the more it does.'),
    button('Download the difference', () => download(difference, name), { symbol: 'download' })),
  h('div', { class: 'stage-frame crop-stage' }, h('img', { src: difference, alt: 'The difference after alignment' })))
}

function positionTable(position, full, crop) {
  const rows = [
    ['Left', pixels(position.left)], ['Top', pixels(position.top)], ['Width', pixels(position.width)], ['Height', pixels(position.height)],
    ['Scale', `${position.scale.toFixed(3)} px of ${full} for one of ${crop}`],
    ['Turned', `${position.rotation.toFixed(2)}° clockwise`], ['Mirrored', position.mirrored ? 'Yes' : 'No'],
  ]
  return h('div', { class: 'panel panel-flush scroll' }, h('table', {}, h('caption', { class: 'hidden-label' }, 'Where the crop lies in the full picture'),
    h('tbody', {}, rows.map(([name, value]) => h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, value))))))
}

function placesTable({ places }) {
  const row = (place, index) => h('tr', {}, h('th', { scope: 'row' }, index + 1), h('td', {}, extent(place.a)), h('td', {}, extent(place.b)))
  return h('div', { class: 'panel panel-flush scroll' }, h('table', {}, h('caption', { class: 'hidden-label' }, 'Where the two agree'),
    h('thead', {}, h('tr', {}, ['Place', 'In A: left, top, size', 'In B: left, top, size'].map(name => h('th', { scope: 'col' }, name)))), h('tbody', {}, places.map(row))))
}

function extent(outline) {
  if (!outline) return '–'
  const [xs, ys] = [0, 1].map(axis => outline.map(corner => corner[axis]))
  const [left, top] = [Math.min(...xs), Math.min(...ys)]
  return `${left.toFixed(1)}, ${top.toFixed(1)}, ${(Math.max(...xs) - left).toFixed(1)} × ${(Math.max(...ys) - top).toFixed(1)} px`
}

const pixels = value => `${value.toFixed(1)} px`
/** A sentence that begins and ends as one; names of files keep their letters. */
export const ended = sentence => `${sentence.replace(/^n(?=either |one )/, 'N')}${/[.!?]$/.test(sentence) ? '' : '.'}`
