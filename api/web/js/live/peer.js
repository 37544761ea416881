// WebRTC without trickling: one offer, one answer (WHIP, RFC 9725, and WHEP).
import { ask, path, Problem, send } from '../api.js'

const GATHER_MS = 2500
const BITS = 2_500_000

/** Send a camera to a catalog's endpoint. `onText` gets what comes back over the data channel. */
export async function publish(catalog, media, { onText, onEnd }) {
  const address = path('catalogs', catalog, 'whip')
  const peer = await newPeer(address)
  const sender = peer.addTransceiver(media.getVideoTracks()[0], { direction: 'sendonly', streams: [media] }).sender
  const channel = peer.createDataChannel('events')
  channel.onmessage = message => onText(message.data)
  watch(peer, onEnd)
  const location = await exchange(peer, address)
  await keepSharp(sender)
  return { sessionId: location.split('/').pop(), close: () => hangUp(peer, location) }
}

/** Watch a session's annotated picture; the stream for a video element. */
export async function view(sessionId, { onEnd }) {
  const address = path('sessions', sessionId, 'whep')
  const peer = await newPeer(address)
  peer.addTransceiver('video', { direction: 'recvonly' })
  const stream = new MediaStream()
  peer.ontrack = event => stream.addTrack(event.track)
  watch(peer, onEnd)
  const location = await exchange(peer, address)
  return { stream, close: () => hangUp(peer, location) }
}

async function newPeer(address) {
  const reply = await send(address, { method: 'OPTIONS' }).catch(error => {
    if (error.status === 404 || error.status === 405) return null
    throw error
  })
  return new RTCPeerConnection({ iceServers: serversOf(reply?.headers.get('Link') ?? '') })
}

/** `<turn:host>; rel="ice-server"; username="u"; credential="c"`, joined by commas. */
export function serversOf(link) {
  return [...link.matchAll(/<((?:stun|turn)s?:[^>]+)>([^<]*)/g)].map(([, urls, rest]) => {
    const told = name => rest.match(new RegExp(`${name}="([^"]*)"`))?.[1]
    return { urls, username: told('username'), credential: told('credential') }
  })
}

async function exchange(peer, address) {
  try {
    await peer.setLocalDescription()
    await gathered(peer)
    const headers = { 'Content-Type': 'application/sdp' }
    const reply = await send(address, { method: 'POST', headers, body: peer.localDescription.sdp })
    await peer.setRemoteDescription({ type: 'answer', sdp: await reply.text() })
    return reply.headers.get('Location') ?? ''
  } catch (error) {
    peer.close()
    throw error
  }
}

function gathered(peer) {
  if (peer.iceGatheringState === 'complete') return undefined
  return new Promise(resolve => {
    peer.addEventListener('icegatheringstatechange', () => peer.iceGatheringState === 'complete' && resolve())
    setTimeout(resolve, GATHER_MS)
  })
}

function watch(peer, onEnd) {
  peer.addEventListener('connectionstatechange', () => {
    if (peer.connectionState === 'failed') onEnd('The connection was lost; a network or a firewall may let no UDP through.')
    if (peer.connectionState === 'closed') onEnd('')
  })
}

async function keepSharp(sender) {
  const parameters = sender.getParameters()
  parameters.degradationPreference = 'maintain-resolution'
  for (const encoding of parameters.encodings ?? []) encoding.maxBitrate = BITS
  await sender.setParameters(parameters).catch(() => {}) // a wish; some browsers refuse it
}

async function hangUp(peer, location) {
  peer.close()
  if (!location) return
  // `keepalive`: the page may be closing.
  await fetch(location, { method: 'DELETE', keepalive: true }).catch(() => {})
}

/** Begin to watch an address on the service's side. */
export const startSession = (catalog, url) => ask(path('sessions'), { method: 'POST', json: { catalog, url } })

/** A camera of this device. */
export async function openCamera(deviceId = '') {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Problem(0, 'This browser gives a page its camera only over HTTPS or on this very machine; start the service with --self-signed or --certificate.')
  }
  const video = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } }
  Object.assign(video, deviceId ? { deviceId: { exact: deviceId } } : { facingMode: { ideal: 'environment' } })
  try {
    return await navigator.mediaDevices.getUserMedia({ video })
  } catch (error) {
    throw new Problem(0, CAMERA[error.name] ?? `The camera cannot be used (${error.message}).`)
  }
}

const CAMERA = {
  NotAllowedError: 'This page may not use the camera; allow it in the browser’s address bar and try again.',
  NotFoundError: 'This device has no camera; watch an address instead.',
  NotReadableError: 'The camera is used by another program; close that and try again.',
  OverconstrainedError: 'That camera is gone; choose another one.',
}
