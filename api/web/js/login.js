// Turns an API key into a session, when the service asks for one.
import { ask } from './api.js'
import { openDialog } from './dialog.js'
import { button, field, fill, h } from './dom.js'
import { problem } from './notices.js'

let isOpen = false

/** Ask for a key until one is taken; the key itself is kept nowhere. */
export function showLogin(onDone) {
  if (isOpen) return
  isOpen = true
  openDialog('Log in', close => {
    const key = h('input', { type: 'password', autocomplete: 'current-password', required: true, spellcheck: false })
    const said = h('div')
    const enter = async event => {
      event.preventDefault()
      try {
        await ask('login', { method: 'POST', json: { key: key.value.trim() } })
        close()
        onDone()
      } catch (error) {
        fill(said, problem(error))
        key.select()
      }
    }
    return {
      body: h(
        'form', { class: 'stack', on: { submit: enter } },
        h('p', { class: 'quiet' }, 'This service is protected. Enter an API key; whoever runs it makes one with ',
          h('span', { class: 'mono' }, 'skulens key create'), '.'),
        field('API key', key), said, button('Log in', null, { type: 'submit', look: 'main', symbol: 'key' }),
      ),
    }
  }, { stays: true }).then(() => { isOpen = false })
}
