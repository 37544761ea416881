// Attributes as rows of name and value.
import { button, h } from '../dom.js'
import { valueOf, writtenOf } from './naming.js'

/** Rows to edit; `read()` gives the record. */
export function attributeRows(attributes = {}) {
  const rows = h('div', { class: 'stack attribute-rows' })
  const add = (key = '', value = '') => {
    const name = h('input', { value: key, placeholder: 'brand', 'aria-label': 'Attribute', maxLength: 64 })
    const text = h('input', { value: value === '' ? '' : writtenOf(value), placeholder: 'value', 'aria-label': 'Value' })
    const row = h('div', { class: 'attribute-row' }, name, text, button('Remove attribute', () => row.remove(), { look: 'quiet', symbol: 'close', iconOnly: true }))
    rows.append(row)
    return name
  }
  for (const [key, value] of Object.entries(attributes)) add(key, value)
  const element = h(
    'div', { class: 'stack', role: 'group', 'aria-label': 'Attributes' }, h('span', { class: 'label' }, 'Attributes'), rows,
    h('div', { class: 'row' }, button('Add attribute', () => add().focus(), { look: 'small', symbol: 'plus' }),
      h('span', { class: 'small faint' }, 'Several values: part them with ;')),
  )
  const read = () => Object.fromEntries([...rows.children].map(row => {
    const [name, text] = row.querySelectorAll('input')
    return [name.value.trim(), valueOf(text.value)]
  }).filter(([name, value]) => name && value !== ''))
  return { element, read }
}
