// Region: what is meant on a picture; a tap says otherwise, and the cut-out is taken along.
import { formOf, upload } from '../api.js'
import { button, fill, h } from '../dom.js'
import { PAINT, cornersOf, drawOutline, shadeAround } from '../drawing.js'
import { percent } from '../words.js'
import { copyJson, cutOut, downloadCanvas, waiting } from './picture.js'
import { Stage, drawCross } from './stage.js'
import { straightened } from './straighten.js'

const KINDS = { painting: 'Painting', object: 'Object', whole: 'The whole picture' }
const MOST = 5
const HOW = 'Tap what you mean; by keyboard, arrows move a cross and Enter asks there'

export class Region {
  constructor([picture], { refusal }) {
    Object.assign(this, { picture, refusal })
    this.status = h('p', { class: 'small quiet', role: 'status' })
    this.said = h('div', { class: 'crop-said' })
    this.list = h('ul', { class: 'stack', 'aria-label': 'What may be meant' })
    this.taken = h('div', { class: 'stack' })
    this.stage = new Stage(picture, { label: `${picture.name}. ${HOW}.`, draw: (...given) => this.draw(...given), onPoint: point => this.ask(point) })
    this.element = h('div', { class: 'identify' },
      h('div', { class: 'stack' }, this.stage.element, h('p', { class: 'small quiet' }, `${HOW}.`)),
      h('div', { class: 'stack' }, this.status, this.said, this.list, this.taken))
    this.ask()
  }

  close() {
    this.abort?.abort()
    this.stage.close()
  }

  /** Ask what is meant, perhaps at a point of the picture, in its pixels. */
  async ask(point = null) {
    this.abort?.abort()
    const abort = this.abort = new AbortController()
    fill(this.status, 'Looking…')
    const { bar, onProgress } = waiting('Looking')
    fill(this.said, bar)
    const asked = point ? `&point=${point.map(value => value.toFixed(1)).join(',')}` : ''
    try {
      const answer = await upload(`v1/crops/propose?limit=${MOST}${asked}`, formOf({ image: this.picture.file }), { signal: abort.signal, onProgress })
      await this.picture.ready
      Object.assign(this, { answer, point })
      fill(this.status, `${answer.sentence} ${Math.round(answer.elapsed_ms)}\u00a0ms.`)
      fill(this.said, point && h('div', { class: 'row' }, button('Without the point', () => this.ask(), { look: 'small', symbol: 'close' })))
      this.choose(0)
    } catch (error) {
      if (error.name === 'AbortError') return
      fill(this.status)
      fill(this.said, this.refusal(error, () => this.ask(point)))
    }
  }

  choose(index) {
    this.chosen = this.answer.proposals[index]
    fill(this.list, this.answer.proposals.map((proposal, at) => this.line(proposal, at)))
    fill(this.taken, facts(this.chosen), h('div', { class: 'row' },
      this.picture.bitmap && button('Download', () => this.download(), { look: 'main', symbol: 'download' }),
      this.picture.bitmap && this.chosen.corners && button('Straightened', () => this.straighten(), { symbol: 'download' }),
      button('Copy coordinates', () => this.copy(), { symbol: 'copy' })))
    this.stage.draw()
  }

  line(proposal, index) {
    const act = () => { this.choose(index); this.list.children[index].firstChild.focus() }
    const [width, height] = sizeOf(proposal.box)
    return h('li', {}, h(
      'button', { type: 'button', class: 'found', 'aria-pressed': String(proposal === this.chosen), data: { kind: proposal.kind }, on: { click: act } },
      h('span', { class: 'crop-number', 'aria-hidden': 'true' }, index + 1),
      h('span', { class: 'grow stack-tight' }, h('span', { class: 'strong' }, KINDS[proposal.kind] ?? proposal.kind),
        h('span', { class: 'small quiet' }, `${width} × ${height} px`)),
      h('span', { class: 'small quiet' }, `${percent(proposal.confidence)} sure`),
    ))
  }

  draw(paper, scale, unit) {
    if (!this.answer) return
    const cornersIn = proposal => cornersOf({ box: proposal.box, outline: proposal.corners }).map(([x, y]) => [x * scale, y * scale])
    shadeAround(paper, cornersIn(this.chosen))
    const others = this.answer.proposals.filter(proposal => proposal !== this.chosen && proposal.kind !== 'whole')
    for (const proposal of others) drawOutline(paper, cornersIn(proposal), { paint: PAINT.unknown, unit, dim: true })
    const text = KINDS[this.chosen.kind] ?? this.chosen.kind
    drawOutline(paper, cornersIn(this.chosen), { paint: PAINT.region, unit, text, share: ` ${percent(this.chosen.confidence)}` })
    const taken = [cornersIn(this.chosen)[0]] // the name of what is chosen stands there
    for (const proposal of others) drawNumber(paper, freest(cornersIn(proposal), taken, paper.canvas), this.answer.proposals.indexOf(proposal) + 1, unit)
    for (const [x, y] of this.chosen.corners ?? []) drawDot(paper, [x * scale, y * scale], unit)
    if (this.point) drawCross(paper, this.point.map(value => value * scale), unit)
  }

  download() {
    downloadCanvas(cutOut(this.picture.bitmap, this.chosen.box), this.picture.partName('region'))
  }

  straighten() {
    downloadCanvas(straightened(this.picture.bitmap, this.chosen.corners), this.picture.partName('straight'))
  }

  copy() {
    const { image, width, height } = this.answer
    copyJson({ image, width, height, ...this.chosen }, 'The coordinates are on the clipboard.')
  }
}

function facts({ box, corners }) {
  const [width, height] = sizeOf(box)
  const named = [['Left', Math.round(box[0])], ['Top', Math.round(box[1])], ['Width', width], ['Height', height]]
  return h('dl', { class: 'facts' }, named.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, `${value} px`))),
    corners && h('div', {}, h('dt', {}, 'Corners of the frame'), h('dd', { class: 'small' }, corners.map(corner => corner.map(Math.round).join(', ')).join(' · '))))
}

const sizeOf = ([left, top, right, bottom]) => [Math.round(right) - Math.round(left), Math.round(bottom) - Math.round(top)]

function drawDot(paper, [x, y], unit) {
  paper.beginPath()
  paper.arc(x, y, 5 * unit, 0, 7)
  paper.fillStyle = PAINT.region
  paper.fill()
  paper.lineWidth = 2 * unit
  paper.strokeStyle = 'rgb(8 10 16 / 80%)'
  paper.stroke()
}

/** The corner that lies farthest from every place that is taken; it is taken then. It is kept off the rim. */
function freest(corners, taken, { width, height }) {
  const room = ([x, y]) => Math.min(...taken.map(([left, top]) => Math.hypot(x - left, y - top)))
  const best = corners.reduce((one, other) => (room(other) > room(one) ? other : one))
  taken.push(best)
  return [[best[0], width], [best[1], height]].map(([at, most]) => Math.min(Math.max(at, most * 0.03), most * 0.97))
}

function drawNumber(paper, [x, y], number, unit) {
  paper.save()
  paper.beginPath()
  paper.arc(x, y, 11 * unit, 0, 7)
  paper.fillStyle = 'rgb(8 10 16 / 82%)'
  paper.fill()
  paper.fillStyle = PAINT.unknown
  paper.font = `600 ${13 * unit}px "Plex", system-ui, sans-serif`
  paper.textAlign = 'center'
  paper.textBaseline = 'middle'
  paper.fillText(String(number), x, y + unit)
  paper.restore()
}
