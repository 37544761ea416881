// Making a catalog.
import { ask, path } from '../api.js'
import { openDialog } from '../dialog.js'
import { button, field, fill, h } from '../dom.js'
import { empty, problem } from '../notices.js'
import { productIdOf } from './naming.js'

/** The view while there is no catalog at all. */
export function firstCatalog(refresh) {
  return h('div', { class: 'view' }, h('div', { class: 'view-head' }, h('h1', {}, 'Catalog')), h('div', { class: 'panel' }, empty(
    'catalog', 'Make your first catalog', 'A catalog holds a few pictures of each product that should be found. Give it a name; pictures come next.',
    form(refresh, () => {}),
  )))
}

/** Ask for a name in a dialog. */
export function createCatalog(refresh) {
  return openDialog('New catalog', close => ({ body: form(refresh, close) }))
}

function form(refresh, onDone) {
  const name = h('input', { required: true, maxLength: 128, autocomplete: 'off', placeholder: 'shop' })
  const said = h('div')
  const make = async event => {
    event.preventDefault()
    const catalog = productIdOf(name.value)
    try {
      await ask(path('catalogs'), { method: 'POST', json: { catalog } })
      onDone()
      await refresh(catalog)
    } catch (error) {
      fill(said, problem(error))
    }
  }
  return h('form', { class: 'stack start-address', on: { submit: make } },
    field('Name', name), said, button('Make catalog', null, { type: 'submit', look: 'main' }))
}
