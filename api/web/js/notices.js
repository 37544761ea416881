// What is said in passing: done, refused, and how to take it back.
import { button, fill, h, icon } from './dom.js'

const SECONDS = 7

/** Say something; with `undo` it can be taken back while it is shown. */
export function notify(sentence, { undo, undoLabel = 'Undo', bad = false } = {}) {
  const place = document.getElementById('notices')
  const close = () => {
    clearTimeout(timer)
    notice.remove()
    if (!place.children.length && place.matches(':popover-open')) place.hidePopover()
  }
  const takeBack = undo && button(undoLabel, async () => {
    close()
    await attempt(undo)
  })
  const notice = h(
    'div', { class: bad ? 'notice notice-bad' : 'notice', role: bad ? 'alert' : undefined },
    h('span', { class: 'break' }, sentence), takeBack, button('Dismiss', close, { symbol: 'close', iconOnly: true }),
  )
  let timer = setTimeout(close, (undo || bad ? 2 : 1) * SECONDS * 1000)
  // Who reads or reaches for the button is not hurried.
  notice.addEventListener('pointerenter', () => clearTimeout(timer))
  notice.addEventListener('focusin', () => clearTimeout(timer))
  place.append(notice)
  while (place.children.length > 3) place.firstElementChild.remove()
  if (place.matches(':popover-open')) place.hidePopover()
  place.showPopover() // anew, so that it lies above a dialog
}

/** Do something that may be refused, and say so; the result, or undefined. */
export async function attempt(act) {
  try {
    return await act()
  } catch (error) {
    if (error.name !== 'AbortError' && error.status !== 401) notify(said(error), { bad: true })
    return undefined
  }
}

/** A refusal in its place. */
export const problem = error => h('div', { class: 'problem', role: 'alert' }, icon('warn'), h('p', { class: 'break' }, said(error)))

/** A place that is empty, and what would fill it. */
export const empty = (symbol, title, sentence, ...more) =>
  h('div', { class: 'empty' }, icon(symbol), h('h2', {}, title), sentence && h('p', {}, sentence), ...more)

/** Show what a promise brings, or its refusal. */
export async function shown(place, promise, show) {
  try {
    fill(place, show(await promise))
  } catch (error) {
    if (error.name !== 'AbortError') fill(place, problem(error))
  }
}

function said(error) {
  if (error.status !== undefined) return error.message
  console.error(error)
  return `Something in this page went wrong: ${error.message}`
}
