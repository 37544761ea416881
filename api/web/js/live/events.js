// A session's events as server-sent events; the browser connects again by itself where it stopped.
import { path } from '../api.js'

/** Listen until the returned function is called. */
export function listen(sessionId, { onEvent, onStatus }) {
  const source = new EventSource(path('sessions', sessionId, 'events'))
  source.addEventListener('appearance', message => onEvent(JSON.parse(message.data)))
  source.addEventListener('status', message => onStatus(JSON.parse(message.data)))
  source.addEventListener('end', () => source.close())
  return () => source.close()
}
