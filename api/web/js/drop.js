// Where files come in: dropped, pasted or chosen.
import { button, h, icon } from './dom.js'

/**
 * A place that takes files. `kind` is image or video; `onFiles` gets those of that kind,
 * `onRefused` the names of the others.
 */
export function dropZone({ title, hint, label, kind = 'image', multiple = true, symbol = 'upload', small = false, onFiles, onRefused = () => {} }) {
  const choose = h('input', {
    type: 'file', accept: `${kind}/*`, multiple, class: 'hidden-label', tabIndex: -1, 'aria-label': label,
    on: { change: () => { take(choose.files); choose.value = '' } },
  })
  const take = list => {
    const files = [...list]
    const fit = files.filter(file => file.type.startsWith(`${kind}/`) || !file.type)
    const others = files.filter(file => !fit.includes(file))
    if (others.length) onRefused(others.map(file => file.name))
    if (fit.length) onFiles(multiple ? fit : fit.slice(0, 1))
  }
  const zone = h(
    'div', { class: `drop marks ${small ? 'drop-small' : ''}` },
    !small && icon(symbol, 'icon-large'), title && h('h2', {}, title), hint && h('p', { class: 'small' }, hint), choose,
    button(label, () => choose.click(), { symbol: small ? symbol : '' }),
  )
  listen(zone, zone, take)
  return zone
}

/** Let files be dropped on an element; `lit` shows that they may. */
export function listen(element, lit, take) {
  let depth = 0
  const over = by => {
    depth = Math.max(0, depth + by)
    lit.classList.toggle('is-over', depth > 0)
  }
  element.addEventListener('dragenter', event => { event.preventDefault(); over(1) })
  element.addEventListener('dragleave', () => over(-1))
  element.addEventListener('dragover', event => event.preventDefault())
  element.addEventListener('drop', event => {
    event.preventDefault()
    event.stopPropagation()
    depth = 0
    over(0)
    if (event.dataTransfer?.files.length) take(event.dataTransfer.files)
  })
}

/** Take pictures from the clipboard until the returned function is called. */
export function onPaste(take) {
  const listener = event => {
    const files = [...(event.clipboardData?.files ?? [])].filter(file => file.type.startsWith('image/'))
    if (!files.length) return
    event.preventDefault()
    take(files)
  }
  document.addEventListener('paste', listener)
  return () => document.removeEventListener('paste', listener)
}
