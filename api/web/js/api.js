// Every call to the service is here, so that the views know names and not addresses.

/** What the service refused, as its problem+json says it. */
export class Problem extends Error {
  constructor(status, sentence, record = {}) {
    super(sentence)
    this.status = status
    this.record = record
  }
}

const OFFLINE = 'The service cannot be reached; check that it is running and that this device is online.'

/** The path of something, each part made safe. */
export const path = (...parts) => `v1/${parts.map(encodeURIComponent).join('/')}`

/** Send a request; the reply if it was fulfilled. */
export async function send(address, { method = 'GET', json, form, body, headers = {}, signal } = {}) {
  const given = { ...headers, ...forWriting(method) }
  if (json !== undefined) given['Content-Type'] ??= method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  let reply
  try {
    reply = await fetch(address, {
      method, headers: given, signal, body: json !== undefined ? JSON.stringify(json) : form ?? body,
    })
  } catch (error) {
    if (error.name === 'AbortError') throw error
    throw new Problem(0, OFFLINE)
  }
  if (!reply.ok) throw refused(reply.status, await reply.text().catch(() => ''))
  return reply
}

/** Send a request whose answer is JSON; null when it has no body. */
export async function ask(address, options) {
  const text = await (await send(address, options)).text()
  return text ? JSON.parse(text) : null
}

/** Post a form, told how far it is; a form has no such news from `fetch`. */
export function upload(address, form, { onProgress = () => {}, signal, method = 'POST', headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open(method, address)
    for (const [name, value] of Object.entries({ ...headers, ...forWriting(method) })) request.setRequestHeader(name, value)
    request.upload.onprogress = event => event.lengthComputable && onProgress(event.loaded / event.total)
    request.onerror = () => reject(new Problem(0, OFFLINE))
    request.onabort = () => reject(new DOMException('stopped', 'AbortError'))
    request.onload = () => {
      if (request.status >= 300) reject(refused(request.status, request.responseText))
      else resolve(request.responseText ? JSON.parse(request.responseText) : null)
    }
    signal?.addEventListener('abort', () => request.abort())
    request.send(form)
  })
}

/** The list in an answer, whatever its noun is. */
export const listed = answer => (Array.isArray(answer) ? answer : Object.values(answer ?? {}).find(Array.isArray) ?? [])

/** Everything of a list that comes in pages. */
export async function all(address) {
  const found = []
  let cursor = ''
  do {
    const page = await ask(cursor ? `${address}${address.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}` : address)
    found.push(...listed(page))
    cursor = page?.next_cursor ?? ''
  } while (cursor)
  return found
}

/** A form from a record; files stay files, objects become JSON, lists repeat their name. */
export function formOf(record) {
  const form = new FormData()
  for (const [name, value] of Object.entries(record)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one === undefined || one === null || one === '') continue
      if (one instanceof Blob) form.append(name, one, one.name ?? 'picture.png')
      else form.append(name, typeof one === 'object' ? JSON.stringify(one) : String(one))
    }
  }
  return form
}

/**
 * The address of a reference picture; `size` is 96, 160, 320, 640 or 1280 pixels, or 0 for the original.
 * With an `aspect` such as 1:1 it is cut around what it shows, unless that would cut a product.
 */
export function pictureOf(catalog, productId, imageId, size = 0, aspect = '') {
  const query = new URLSearchParams({ ...(size && { size }), ...(aspect && { aspect }) }).toString()
  return path('catalogs', catalog, 'products', productId, 'images', imageId) + (query ? `?${query}` : '')
}

/** What the service says of itself: its status code and its record. */
export async function health(address) {
  const reply = await fetch(address).catch(() => null)
  if (!reply) return { status: 0, record: { status: 'unreachable', reason: OFFLINE } }
  const text = await reply.text()
  try {
    return { status: reply.status, record: JSON.parse(text) }
  } catch {
    return { status: reply.status, record: { status: text.trim() } }
  }
}

// A cookie's session proves by this header that its own page sent the request.
function forWriting(method) {
  if (method === 'GET') return {}
  const token = document.cookie.split('; ').find(one => /^(__Host-)?skulens_csrf=/.test(one))?.split('=')[1]
  return token ? { 'X-CSRF-Token': decodeURIComponent(token) } : {}
}

function refused(status, text) {
  if (status === 401) document.dispatchEvent(new CustomEvent('skulens:login'))
  try {
    const record = JSON.parse(text)
    return new Problem(status, sentenceOf(record) || `The service refused (${status}).`, record)
  } catch {
    return new Problem(status, `The service refused (${status}).`)
  }
}

function sentenceOf({ detail, title }) {
  // Not made to begin with a capital: it may begin with somebody's file name.
  const sentence = typeof detail === 'string' ? detail : title ?? ''
  return !sentence || /[.!?]$/.test(sentence) ? sentence : `${sentence}.`
}
