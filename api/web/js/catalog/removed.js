// Deleted products, and the way back.
import { all, ask, path } from '../api.js'
import { openDialog } from '../dialog.js'
import { button, h } from '../dom.js'
import { attempt, empty, notify, shown } from '../notices.js'
import { catalog } from '../shop.js'

/** List what was deleted and can still be restored. */
export function showRemoved(onChanged) {
  const products = path('catalogs', catalog(), 'products')
  return openDialog('Deleted products', () => {
    const place = h('div')
    shown(place, all(`${products}?removed=true`), found => {
      if (!found.length) return empty('trash', 'Nothing here', 'Deleted products wait here for a while and can be brought back.')
      return h('ul', { class: 'stack' }, found.map(product => {
        const restore = async () => {
          const back = await attempt(() => ask(`${products}/${encodeURIComponent(product.product_id)}/restore`, { method: 'POST' }))
          if (!back) return
          row.remove()
          notify(`“${product.name}” is back.`)
          onChanged(back.index_version)
        }
        const row = h('li', { class: 'row-between' }, h('span', { class: 'grow clip' }, product.name ?? product.product_id), button('Restore', restore, { look: 'small', symbol: 'turn' }))
        return row
      }))
    })
    return { body: place }
  })
}
