// Why this product, and why not that one: the candidates, the gates, and the correspondences drawn.
import { formOf, path, pictureOf, upload } from '../api.js'
import { fill, h, icon } from '../dom.js'
import { problem } from '../notices.js'
import { catalog, fetchProduct, product } from '../shop.js'
import { percent } from '../words.js'
import { around, drawPairs } from './pairs.js'

const MOST = 6

const GATES = {
  detector: 'Seen', shortlist: 'Shortlisted', keypoints: 'Keypoints pair', inliers: 'One plane',
  agreement: 'Looks alike', decision: 'Sure enough',
}

/** The candidates of one thing on the picture, one of them explained. */
export class Why {
  constructor(file, bitmap, found) {
    Object.assign(this, { file, bitmap, found })
    this.candidates = found.candidates.slice(0, MOST)
    this.tabs = h('div', { class: 'candidates', role: 'group', 'aria-label': 'Candidates' })
    this.detail = h('div', { class: 'stack-wide', 'aria-live': 'polite' })
    this.element = h('section', { class: 'panel stack-wide', 'aria-label': 'Why' }, h('h2', {}, 'Why this, and why not that'), this.tabs, this.detail)
    this.answers = new Map()
    const first = Math.max(0, this.candidates.findIndex(one => one.product_id === found.product_id))
    this.choose(first)
    Promise.all(this.candidates.map(one => fetchProduct(one.product_id))).then(() => this.showTabs())
  }

  choose(index) {
    this.chosen = index
    this.showTabs()
    this.explain(this.candidates[index].product_id)
  }

  showTabs() {
    const had = this.tabs.contains(document.activeElement)
    fill(this.tabs, this.candidates.map((candidate, index) => {
      const known = product(candidate.product_id)
      const image = known.images[0]
      return h(
        'button', { type: 'button', class: 'candidate', 'aria-pressed': String(index === this.chosen), data: { product: candidate.product_id }, on: { click: () => this.choose(index) } },
        h('span', { class: 'thumb' }, image ? h('img', { src: pictureOf(catalog(), known.product_id, image.image_id, 160, '1:1'), alt: '' }) : icon('picture')),
        h('span', { class: 'stack-tight grow' }, h('span', { class: 'strong clip' }, known.name),
          h('span', { class: 'small quiet' }, percent(candidate.probability), ` · similarity ${candidate.similarity.toFixed(2)}`)),
      )
    }))
    if (had) this.tabs.children[this.chosen].focus()
  }

  async explain(productId) {
    if (!this.answers.has(productId)) {
      fill(this.detail, h('progress', { 'aria-label': 'Comparing' }))
      this.answers.set(productId, this.ask(productId))
    }
    try {
      const answer = await this.answers.get(productId)
      if (this.candidates[this.chosen].product_id === productId) fill(this.detail, this.conclusion(answer), gates(answer), this.pairs(answer))
    } catch (error) {
      this.answers.delete(productId)
      fill(this.detail, problem(error))
    }
  }

  /** The service explains a whole picture; what is asked about is one thing on it, so that is cut out. */
  async ask(productId) {
    this.part ??= cutOut(this.file, this.bitmap, this.found)
    const { image, bitmap } = await this.part
    const address = `${path('catalogs', catalog(), 'explain')}?product_id=${encodeURIComponent(productId)}`
    return { ...await upload(address, formOf({ image })), bitmap }
  }

  conclusion({ lost_at: lost, product_id: id }) {
    const name = product(id).name
    const said = lost ? `Not ${name}: it was lost at “${GATES[lost] ?? lost}”.` : `${name} came through every gate.`
    return h('p', { class: 'conclusion' }, said)
  }

  pairs({ correspondences: pairs, reference_image: imageId, match, bitmap }) {
    const id = match?.product_id
    const reference = imageId ?? match?.reference_image
    if (!bitmap || !reference || !id) return h('p', { class: 'quiet small' }, 'No keypoints of a picture of this product agree with what is seen, so there is nothing to draw.')
    const label = `${pairs?.length ?? 0} places on a picture of ${product(id).name} that agree with places on your picture`
    const canvas = h('canvas', { role: 'img', 'aria-label': label, class: 'pairs' })
    const image = h('img', { src: pictureOf(catalog(), id, reference), alt: '' })
    image.decode().then(() => drawPairs(canvas, image, bitmap, pairs ?? [], match), () => canvas.remove())
    return h('figure', { class: 'stack' }, canvas, h('figcaption', { class: 'small quiet' }, `${label}: the catalog’s picture left, yours right. Each line joins one pair.`))
  }
}

function gates({ gates: steps }) {
  return h('ol', { class: 'gates' }, steps.map(({ name, passed, sentence }) => h(
    'li', { class: passed ? 'passed' : 'lost' }, icon(passed ? 'check' : 'close'),
    h('div', {}, h('h3', {}, GATES[name] ?? name, h('span', { class: 'hidden-label' }, passed ? ': passed' : ': lost')), h('p', { class: 'small quiet break' }, `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`)),
  )))
}

async function cutOut(file, bitmap, found) {
  if (!bitmap) return { image: file, bitmap }
  const { left, top, right, bottom } = around(found, bitmap)
  const [width, height] = [Math.round(right - left), Math.round(bottom - top)]
  const part = h('canvas', { width, height })
  part.getContext('2d').drawImage(bitmap, left, top, width, height, 0, 0, width, height)
  const image = await new Promise(resolve => part.toBlob(resolve, 'image/png'))
  return { image, bitmap: part }
}
