// What is in view and what has happened, as cards and as a list.
import { ask, path, pictureOf } from '../api.js'
import { button, fill, h, icon } from '../dom.js'
import { attempt, notify } from '../notices.js'
import { catalog, fetchProduct, product } from '../shop.js'
import { percent, timeOfDay, verdictPill } from '../words.js'

const MOST_LINES = 200

/** Cards and list of one session, fed with its events and overlays. */
export class Scene {
  constructor() {
    this.last = 0
    this.cards = new Map()
    this.cardList = h('ul', { class: 'cards', 'aria-label': 'In view' })
    this.nothing = h('p', { class: 'quiet small in-view-empty' }, 'Nothing yet. Hold a product into the picture.')
    this.lines = h('ol', { class: 'lines', role: 'log', 'aria-label': 'Events', tabIndex: 0 })
    this.inView = h('section', { class: 'stack' }, h('h2', {}, 'In view'), this.nothing, this.cardList)
    this.events = h('section', { class: 'stack' }, h('h2', {}, 'Events'), this.lines)
  }

  /** One event; one that was told before is passed over. */
  take(event) {
    if (!event.sequence || event.sequence <= this.last) return
    this.last = event.sequence
    if (event.event === 'left') this.remove(event.appearance_id)
    else this.update(event, new Date(event.timestamp))
    this.tell(event)
  }

  /** What a frame shows; appearances that no event announced yet have no card. */
  refresh(tracks) {
    for (const track of tracks) if (this.cards.has(track.appearance_id)) this.update(track)
  }

  /** Everything leaves. */
  clear() {
    for (const id of [...this.cards.keys()]) this.remove(id)
  }

  update(found, since) {
    const card = this.cards.get(found.appearance_id) ?? this.add(found.appearance_id, since)
    const { product_id: productId, verdict, probability } = found
    const key = `${productId} ${verdict} ${probability.toFixed(2)}`
    if (card.key === key) return
    card.key = key
    const isNamed = productId && verdict !== 'unknown'
    card.element.dataset.verdict = verdict
    card.element.dataset.product = productId ?? ''
    fill(card.pill, verdictPill(verdict))
    fill(card.share, isNamed ? percent(probability) : '')
    card.meter.value = isNamed ? probability : 0
    card.meter.className = `meter-${verdict}`
    card.feedback.hidden = !isNamed
    if (card.productId === productId && card.isNamed === isNamed) return
    Object.assign(card, { productId, isNamed })
    this.name(card)
    if (isNamed) fetchProduct(productId).then(() => this.name(card))
  }

  name(card) {
    const known = card.isNamed ? product(card.productId) : null
    fill(card.title, known ? known.name : 'Something that is not in the catalog')
    const image = known?.images[0]
    fill(card.picture, image
      ? h('img', { src: pictureOf(catalog(), known.product_id, image.image_id, 160, '1:1'), alt: '', loading: 'lazy' })
      : icon('picture'))
  }

  add(id, since = new Date()) {
    const card = {
      title: h('h3', { class: 'break' }), pill: h('span'), share: h('span', { class: 'small strong' }),
      picture: h('div', { class: 'thumb' }), meter: h('progress', { max: 1, value: 0, 'aria-label': 'Probability' }),
    }
    card.feedback = h(
      'div', { class: 'row' },
      button('Right', () => this.judge(card, id, 'right'), { look: 'small', symbol: 'check' }),
      button('Wrong', () => this.judge(card, id, 'wrong'), { look: 'small', symbol: 'close' }),
    )
    card.element = h(
      'li', { class: 'card', data: { appearance: id } }, card.picture,
      h('div', { class: 'stack card-body' }, card.title, h('div', { class: 'row' }, card.pill, card.share),
        card.meter, h('p', { class: 'small faint' }, `since ${timeOfDay(since)}`), card.feedback),
    )
    this.cards.set(id, card)
    this.cardList.prepend(card.element)
    this.nothing.hidden = true
    return card
  }

  async judge(card, id, verdict) {
    const json = { verdict, product_id: card.productId, appearance_id: id }
    const done = await attempt(async () => {
      await ask(path('catalogs', catalog(), 'feedback'), { method: 'POST', json })
      return true
    })
    if (!done) return
    notify(verdict === 'right' ? 'Thank you, noted as right.' : 'Thank you, noted as wrong; calibration will count it.')
    fill(card.feedback, h('p', { class: 'small quiet' }, `You said: ${verdict}.`))
  }

  remove(id) {
    this.cards.get(id)?.element.remove()
    this.cards.delete(id)
    this.nothing.hidden = this.cards.size > 0
  }

  tell(event) {
    const name = h('span', { class: 'strong break' }, event.product_id ? product(event.product_id).name : 'Something')
    if (event.product_id) fetchProduct(event.product_id).then(found => found && fill(name, found.name))
    const share = event.event === 'confirmed' || event.event === 'revised' ? ` ${percent(event.probability)}` : ''
    this.lines.prepend(h(
      'li', { data: { event: event.event, product: event.product_id ?? '' } },
      h('time', { class: 'faint' }, timeOfDay(new Date(event.timestamp))),
      h('span', {}, name, ' ', h('span', { class: 'quiet' }, `${SAYS[event.event] ?? event.event}${share}${event.late ? ' (late)' : ''}`)),
    ))
    if (this.lines.children.length > MOST_LINES) this.lines.lastElementChild.remove()
  }
}

const SAYS = { entered: 'came into view', confirmed: 'recognised', revised: 'corrected to this', left: 'left' }
