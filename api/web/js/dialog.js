// Modal dialogs: the browser's own, with focus and Escape as people expect them.
import { button, h } from './dom.js'

let dialogs = 0

/**
 * Open a dialog; `build(close)` gives its body and its foot. Resolves when it is closed, which
 * going to another view does, too, unless it `stays`.
 */
export function openDialog(title, build, { stays = false } = {}) {
  const id = `dialog-${++dialogs}`
  const element = h('dialog', { 'aria-labelledby': id, data: { stays } })
  const close = () => element.close()
  const { body, foot } = build(close)
  element.append(
    h(
      'div', { class: 'dialog-head' }, h('h2', { id, class: 'clip' }, title),
      button('Close', close, { symbol: 'close', iconOnly: true, look: 'quiet' }),
    ),
    h('div', { class: 'dialog-body' }, body),
  )
  if (foot) element.append(h('div', { class: 'dialog-foot' }, foot))
  document.body.append(element)
  element.showModal()
  return new Promise(resolve => {
    element.addEventListener('close', () => {
      element.remove()
      resolve()
    })
  })
}
