// From dropped pictures to products: names, progress, and what was found wrong with the pictures.
import { ask, formOf, path, upload } from '../api.js'
import { openDialog } from '../dialog.js'
import { button, field, fill, h, icon } from '../dom.js'
import { notify, problem } from '../notices.js'
import { catalog, forget, remember } from '../shop.js'
import { count } from '../words.js'
import { attributeRows } from './attributes.js'
import { byImage, keptTile } from './outline.js'
import { nameOf, productIdOf } from './naming.js'

const MOST_SHOWN = 24 // pictures whose outlines are looked at before a dialog is closed
const MOST_NAMED = 4 // products in one sentence

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
    showOutcome(outcome, place, foot, { close, onChanged })
    return undefined
  }
  fill(place, h('ul', { class: 'strip' }, addresses.map((address, index) => h('li', { class: 'thumb thumb-large' }, h('img', { src: address, alt: files[index].name })))),
    h('form', { id: 'enrol', class: 'stack-wide', on: { submit } }, files.length > 1 && h('label', { class: 'row', htmlFor: 'each' }, each, 'Each picture shows another product'), details, said))
  fill(foot, button('Cancel', close), save)
}

async function addAll(orders, said) {
  const outcome = { version: 0, findings: [], refused: [], added: [], kept: new Map() }
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
      byImage(written.kept).forEach((kept, id) => outcome.kept.set(id, kept))
    } catch (error) {
      outcome.refused.push(error)
    }
    bar.value = (index + 1) / orders.length
  }
  return outcome
}

/** What became of the pictures: what is kept of each, and what was found wrong with them. */
function showOutcome({ findings, added, kept }, place, foot, { close, onChanged }) {
  const takeOut = async () => {
    let version = 0
    for (const product of added) {
      version = (await ask(path('catalogs', catalog(), 'products', product.product_id), { method: 'DELETE' })).index_version
    }
    close()
    onChanged(version)
    notify(added.length === 1 ? `“${added[0].name}” was taken out again.` : 'They were taken out again.')
  }
  const names = added.length > MOST_NAMED ? `${added.length} products` : added.map(one => `“${one.name}”`).join(', ')
  const said = `${names} ${added.length === 1 ? 'is' : 'are'} in the catalog`
  const tiles = added.flatMap(product => product.images.map(image => tileOf(product, image, kept, onChanged)))
  fill(place, h('p', {}, findings.length ? `${said}, but look at this first:` : `${said}. This is what is kept of each picture:`),
    findings.length > 0 && findingList(findings),
    h('ul', { class: 'strip', 'aria-label': 'What is kept' }, tiles.slice(0, MOST_SHOWN)),
    tiles.length > MOST_SHOWN && h('p', { class: 'small quiet' }, `and of ${tiles.length - MOST_SHOWN} more, which the products show`))
  fill(foot, button('Take out again', takeOut), button('Keep', close, { look: 'main', autofocus: true }))
}

function tileOf(product, image, kept, onChanged) {
  const element = h('div', { class: 'kept-place' })
  const show = () => fill(element, keptTile(product, image, kept.get(image.image_id), { onWritten }))
  const onWritten = written => {
    byImage(written.kept).forEach((one, id) => kept.set(id, one))
    remember([written.product])
    onChanged(written.index_version)
    show()
  }
  show()
  return element
}

/** What was found wrong with pictures; twins link to the product that they resemble. */
export function findingList(findings) {
  return h('ul', { class: 'stack', 'aria-label': 'Findings' }, findings.map(({ fault, sentence, product_id: twin }) => h(
    'li', { class: 'warning', data: { fault } }, icon('warn'),
    h('p', { class: 'break' }, `${sentence}. `,
      twin && h('a', { href: `#/catalog/${encodeURIComponent(twin)}`, target: '_blank' }, `Open ${twin}`)),
  )))
}
