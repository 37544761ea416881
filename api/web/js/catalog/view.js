// Catalog: all products as a grid, searched and filtered; the way in for new ones.
import { ask, formOf, path, pictureOf, upload } from '../api.js'
import { button, calm, fill, h, icon } from '../dom.js'
import { listen, onPaste } from '../drop.js'
import { attempt, empty, notify, problem } from '../notices.js'
import { catalog, remember } from '../shop.js'
import { count, valueText } from '../words.js'
import { enrol } from './enrol.js'
import { createCatalog, firstCatalog } from './make.js'
import { editProduct } from './product.js'
import { showRemoved } from './removed.js'

const PAGE = 48
const MOST_FACETS = 6
const MOST_CHIPS = 8

export function open({ rest, refresh }) {
  if (!catalog()) return { element: firstCatalog(refresh), close() {} }
  const view = new CatalogView(refresh)
  view.load()
  if (rest[0]) view.edit(rest[0])
  return { element: view.element, close: () => view.close() }
}

class CatalogView {
  constructor(refresh) {
    this.refresh = refresh
    this.where = new Map()
    this.facets = []
    this.picture = null
    this.version = 0
    this.text = h('input', { type: 'search', placeholder: 'Search products', 'aria-label': 'Search products', on: { input: calm(180, () => this.load()) } })
    this.choose = h('input', { type: 'file', accept: 'image/*', class: 'hidden-label', tabIndex: -1, 'aria-label': 'Picture to search with', on: { change: () => { this.searchWith(this.choose.files[0]); this.choose.value = '' } } })
    this.pick = h('input', { type: 'file', accept: 'image/*', multiple: true, class: 'hidden-label', tabIndex: -1, 'aria-label': 'Pictures of a new product', on: { change: () => { this.add([...this.pick.files]); this.pick.value = '' } } })
    this.like = h('div')
    this.filters = h('div', { class: 'filters' })
    this.told = h('p', { class: 'small quiet', role: 'status' })
    this.grid = h('ul', { class: 'grid', 'aria-label': 'Products', on: { click: event => this.openTile(event) } })
    this.more = h('div', { class: 'row centre' })
    this.element = h(
      'div', { class: 'view drop-target' },
      h('div', { class: 'view-head' }, h('h1', {}, 'Catalog'), h(
        'div', { class: 'row' }, button('Deleted', () => showRemoved(() => this.changed()), { look: 'quiet', symbol: 'turn' }),
        button('New catalog', () => createCatalog(refresh), { look: 'quiet' }), this.pick,
        button('Add product', () => this.pick.click(), { look: 'main', symbol: 'plus' }),
      )),
      h('div', { class: 'search-row' }, h('div', { class: 'search grow' }, icon('search'), this.text), this.choose,
        button('Search with a picture', () => this.choose.click(), { symbol: 'picture', iconOnly: true })),
      this.like, this.filters, this.told, this.grid, this.more,
    )
    listen(this.element, this.element, files => this.add([...files].filter(file => file.type.startsWith('image/'))))
    this.stopPaste = onPaste(files => !document.querySelector('dialog[open]') && this.add(files))
  }

  close() {
    this.stopPaste()
    this.abort?.abort()
  }

  /** Ask anew, from the first page. */
  async load() {
    this.abort?.abort()
    this.abort = new AbortController()
    try {
      const found = await this.page('', this.abort.signal)
      const known = await this.learnFacets(found)
      this.show(known ?? found)
    } catch (error) {
      if (error.name !== 'AbortError') fill(this.grid, h('li', { class: 'whole' }, problem(error)))
    }
  }

  page(cursor, signal) {
    const query = { text: this.text.value.trim(), where: [...this.where.values()], facets: this.facets, limit: PAGE }
    if (cursor) query.cursor = cursor
    const address = `${path('catalogs', catalog(), 'search')}${this.version ? `?min_version=${this.version}` : ''}`
    if (this.picture) return upload(address, formOf({ image: this.picture, query }), { signal })
    return ask(address, { method: 'POST', json: query, signal })
  }

  /** The service counts the attributes it is asked for; which there are is seen from the products. */
  learnFacets(found) {
    const counts = new Map()
    for (const { product } of found.hits) {
      for (const key of Object.keys(product.attributes)) counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    const seen = [...counts].sort((one, other) => other[1] - one[1]).map(([key]) => key)
    const keys = [...new Set([...this.facets, ...seen])].slice(0, MOST_FACETS)
    if (keys.length === this.facets.length) return null
    this.facets = keys
    return this.page('', this.abort.signal)
  }

  show(found) {
    remember(found.hits.map(hit => hit.product))
    this.showFilters(found)
    fill(this.told, this.sentence(found))
    fill(this.grid, found.hits.map(hit => tile(hit)))
    if (!found.total) fill(this.grid, h('li', { class: 'whole' }, this.nothing()))
    this.showMore(found)
  }

  sentence({ total, corrections, complete }) {
    const words = Object.entries(corrections ?? {}).map(([from, to]) => `“${from}” was read as “${to}”`)
    if (!complete) words.push('no product has all the words; these have some')
    return [count(total, 'product'), ...words].join(' · ')
  }

  nothing() {
    if (this.text.value || this.where.size || this.picture) {
      return empty('search', 'Nothing found', 'No product fits these words and filters.', button('Show all', () => this.reset()))
    }
    return h('div', { class: 'drop marks' }, icon('upload', 'icon-large'), h('h2', {}, 'Drop pictures of a product'),
      h('p', { class: 'small' }, 'Two to five sharp pictures from different sides make a product easy to recognise. You can also paste one.'),
      button('Choose pictures', () => this.pick.click()))
  }

  showMore(found) {
    const next = found.next_cursor
    fill(this.more, next && button('Show more', async () => {
      const page = await attempt(() => this.page(next))
      if (!page) return
      remember(page.hits.map(hit => hit.product))
      this.grid.append(...page.hits.map(hit => tile(hit)))
      this.showMore(page)
    }))
  }

  showFilters({ facets }) {
    fill(this.filters, (facets ?? []).map(facet => {
      const values = Object.entries(facet.values)
      if (!values.length) return null
      return h('div', { class: 'filter', role: 'group', 'aria-label': facet.attribute }, h('span', { class: 'label' }, facet.attribute),
        values.slice(0, MOST_CHIPS).map(([value, number]) => this.chip(facet.attribute, value, number)))
    }))
  }

  chip(attribute, value, number) {
    const chosen = this.where.get(attribute) === `${attribute}=${value}`
    const act = () => {
      if (chosen) this.where.delete(attribute)
      else this.where.set(attribute, `${attribute}=${value}`)
      this.load()
    }
    return h('button', { type: 'button', class: 'chip', 'aria-pressed': String(chosen), on: { click: act } }, value, h('span', { class: 'count small' }, number))
  }

  searchWith(file) {
    this.picture = file
    const address = URL.createObjectURL(file)
    const seen = h('img', { src: address, alt: '', on: { load: () => URL.revokeObjectURL(address) } })
    fill(this.like, h('div', { class: 'panel row like' }, h('div', { class: 'thumb' }, seen), h('p', { class: 'grow' }, 'Products that look like this picture, the most similar first.'),
      button('Show all', () => this.reset(), { look: 'small' })))
    this.load()
  }

  reset() {
    this.text.value = ''
    this.where.clear()
    this.picture = null
    fill(this.like)
    this.load()
  }

  /** Something was written; show it. */
  changed(version = 0) {
    this.version = Math.max(this.version, version)
    this.refresh()
    return this.load()
  }

  add(files) {
    if (!files.length) return notify('Those are no pictures; drop JPEG, PNG or WebP files.', { bad: true })
    return enrol(files, { onChanged: version => this.changed(version) })
  }

  /** In the same view, so that the place in the list and the focus stay. */
  openTile(event) {
    const link = event.target.closest('.tile')
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return
    event.preventDefault()
    history.replaceState(null, '', link.hash)
    this.edit(link.dataset.product)
  }

  async edit(productId) {
    await editProduct(productId, { onChanged: version => this.changed(version) })
    if (location.hash.startsWith('#/catalog/')) history.replaceState(null, '', '#/catalog')
  }
}

function tile({ product, similarity }) {
  const image = product.images[0]
  const told = Object.values(product.attributes).slice(0, 3).map(valueText).join(' · ')
  return h('li', {}, h(
    'a', { class: 'tile', href: `#/catalog/${encodeURIComponent(product.product_id)}`, data: { product: product.product_id } },
    h('div', { class: 'tile-picture' }, image
      ? h('img', { src: pictureOf(catalog(), product.product_id, image.image_id, 320, '1:1'), alt: '', loading: 'lazy' })
      : icon('picture')),
    h('div', { class: 'tile-text' }, h('h3', { class: 'clip' }, product.name), h('p', { class: 'small faint clip' }, told || product.product_id),
      h('p', { class: 'small faint' }, similarity === null || similarity === undefined ? count(product.images.length, 'picture') : `similarity ${similarity.toFixed(2)}`)),
  ))
}
