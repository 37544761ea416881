// Which catalog is looked at, and the names of its products.
import { all, ask, path } from './api.js'

const KEPT = 'skulens.catalog'
const MOST_NAMES = 5000

let chosen = localStorage.getItem(KEPT) ?? ''
let names = new Map()
const asked = new Map()

/** The catalog that all views look at; empty when there is none. */
export const catalog = () => chosen

/** Look at another catalog. */
export function choose(name) {
  if (name === chosen) return
  chosen = name
  names = new Map()
  asked.clear()
  localStorage.setItem(KEPT, name)
}

/** The catalogs there are; the chosen one is always among them. */
export async function catalogs() {
  const found = await all(path('catalogs'))
  const known = found.map(one => one.catalog)
  if (!known.includes(chosen)) choose(known[0] ?? '')
  return found
}

/** Remember products that an answer brought along. */
export function remember(products) {
  for (const product of products) {
    if (names.size >= MOST_NAMES) names.delete(names.keys().next().value)
    names.set(product.product_id, product)
  }
}

/** Forget one, because it has changed. */
export function forget(productId) {
  names.delete(productId)
  asked.delete(productId)
}

/** A product as far as it is known now; its id stands in for its name. */
export const product = productId => names.get(productId) ?? { product_id: productId, name: productId, images: [], attributes: {} }

/** A product from the service, asked for once; null when there is none (any more). */
export async function fetchProduct(productId) {
  if (names.has(productId)) return names.get(productId)
  if (!asked.has(productId)) {
    asked.set(productId, ask(path('catalogs', chosen, 'products', productId)).then(
      found => { const one = found?.product ?? found; remember([one]); return one },
      () => null,
    ))
  }
  return asked.get(productId)
}
