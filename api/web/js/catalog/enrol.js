// From dropped pictures to products: names, progress, and what was found wrong with the pictures.
import { ask, formOf, path, upload } from '../api.js'
import { openDialog } from '../dialog.js'
import { button, field, fill, h, icon } from '../dom.js'
import { notify, problem } from '../notices.js'
import { catalog, forget, remember } from '../shop.js'
import { count } from '../words.js'
import { attributeRows } from './attributes.js'
import { nameOf, productIdOf } from './naming.js'

/** Ask what the pictures show, and put it into the catalog. */
export function enrol(files, { onChanged }) {
  const addresses = files.map(file => URL.createObjectURL(file))
  return openDialog('New product', close => {
    const place = h('div', { class: 'stack-wide' })
    const foot = h('div', { class: 'row foot-row' })
    askWhat(files, addresses, place, foot, { close, onChanged })
    return { body: place, foot }
  }).then(() => addresses.forEach(address => URL.revokeObjectURL(address)))
}

function askWhat(files, addresses, place, foot, { close, onChanged }) {
  const name = h('input', { required: true, autofocus: true, value: nameOf(files[0].name), maxLength: 512, autocomplete: 'off' })
  const id = h('input', { required: true, value: productIdOf(name.value), pattern: '[A-Za-z0-9][A-Za-z0-9._\\-]{0,127}', autocomplete: 'off', spellcheck: false })
  const each = h('input', { type: 'checkbox', id: 'each' })
  const attributes = attributeRows()
  const said = h('div')
  let idIsOwn = false
  name.addEventListener('input', () => { if (!idIsOwn) id.value = productIdOf(name.value) })
  id.addEventListener('input', () => { idIsOwn = true })
  const details = h('div', { class: 'stack' }, h('div', { class: 'two' }, field('Name', name), field('Product id', id)), attributes.element)
  each.addEventListener('change', () => {
    details.hidden = each.checked
    name.disabled = id.disabled = each.checked
    save.lastChild.data = each.checked ? `Add ${files.length} products` : 'Add product'
  })
  const save = button('Add product', null, { type: 'submit', look: 'main' })
  save.setAttribute('form', 'enrol')
  const submit = async event => {
    event.preventDefault()
    const orders = each.checked
      ? files.map(file => ({ product_id: productIdOf(file.name.replace(/\.[^.]+$/, '')), name: nameOf(file.name) || file.name, images: [file] }))
      : [{ product_id: id.value.trim(), name: name.value.trim(), attributes: attributes.read(), images: files }]
    save.disabled = true
    const outcome = await addAll(orders, said)
    save.disabled = false
    if (outcome.version) onChanged(outcome.version)
    if (outcome.refused.length) return fill(said, outcome.refused.map(problem))
    if (outcome.findings.length) return showFindings(outcome, place, foot, { close, onChanged })
    close()
    notify(orders.length === 1 ? `“${orders[0].name}” is in the catalog.` : `${orders.length} products are in the catalog.`)
    return undefined
  }
  fill(place, h('ul', { class: 'strip' }, addresses.map((address, index) => h('li', { class: 'thumb thumb-large' }, h('img', { src: address, alt: files[index].name })))),
    h('form', { id: 'enrol', class: 'stack-wide', on: { submit } }, files.length > 1 && h('label', { class: 'row', htmlFor: 'each' }, each, 'Each picture shows another product'), details, said))
  fill(foot, button('Cancel', close), save)
}

async function addAll(orders, said) {
  const outcome = { version: 0, findings: [], refused: [], added: [] }
  const bar = h('progress', { max: 1, value: 0, 'aria-label': 'Progress' })
  const words = h('p', { class: 'small quiet', role: 'status' })
  fill(said, h('div', { class: 'stack' }, bar, words))
  for (const [index, order] of orders.entries()) {
    const many = orders.length > 1 ? ` (${index + 1} of ${orders.length})` : ''
    fill(words, `Sending ${count(order.images.length, 'picture')}${many}`)
    const onProgress = share => {
      bar.value = (index + share * 0.6) / orders.length
      if (share === 1) fill(words, `Reading ${count(order.images.length, 'picture')}${many}`)
    }
    try {
      const written = await upload(path('catalogs', catalog(), 'products'), formOf(order), { onProgress })
      forget(order.product_id)
      remember([written.product])
      outcome.added.push(written.product)
      outcome.version = written.index_version
      outcome.findings.push(...(written.findings ?? []))
    } catch (error) {
      outcome.refused.push(error)
    }
    bar.value = (index + 1) / orders.length
  }
  return outcome
}

function showFindings({ findings, added }, place, foot, { close, onChanged }) {
  const takeOut = async () => {
    let version = 0
    for (const product of added) {
      version = (await ask(path('catalogs', catalog(), 'products', product.product_id), { method: 'DELETE' })).index_version
    }
    close()
    onChanged(version)
    notify(added.length === 1 ? `“${added[0].name}” was taken out again.` : 'They were taken out again.')
  }
  fill(place, h('p', {}, `${added.map(one => `“${one.name}”`).join(', ')} ${added.length === 1 ? 'is' : 'are'} in the catalog, but look at this first:`), findingList(findings))
  fill(foot, button('Take out again', takeOut), button('Keep', close, { look: 'main' }))
}

/** What was found wrong with pictures; twins link to the product that they resemble. */
export function findingList(findings) {
  return h('ul', { class: 'stack', 'aria-label': 'Findings' }, findings.map(({ fault, sentence, product_id: twin }) => h(
    'li', { class: 'warning', data: { fault } }, icon('warn'),
    h('p', { class: 'break' }, `${sentence}. `,
      twin && h('a', { href: `#/catalog/${encodeURIComponent(twin)}`, target: '_blank' }, `Open ${twin}`)),
  )))
}
