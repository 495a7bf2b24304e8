import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readAgentVoice, readClips } from './clips.ts';
import type { ProvidersReady, ProvidersStart } from './messages.ts';
import { ScriptedChat } from './scripted-chat.ts';
import { ClipIndex, ScriptedRecognition } from './scripted-recognition.ts';
import { newVoice, ScriptedSynthesis } from './scripted-synthesis.ts';
import { readSpeechMessage, ServiceSocket } from './service-socket.ts';
import type { Frame } from './web-socket-frames.ts';

/**
 * A process that plays what the stream host is a client of: Azure Speech on the Speech SDK's own wire, chat completions,
 * and the address of ACS's signing keys. Its answers are canned and its delays set, so that it costs little and is the
 * same in every run.
 */
process.once('message', (start: ProvidersStart) => void serve(start));
process.once('disconnect', () => process.exit(0));

async function serve(start: ProvidersStart): Promise<void> {
  const index = new ClipIndex(await readClips(start.folder));
  const voice = newVoice(await readAgentVoice(start.folder));
  const chat = new ScriptedChat(start.chat);
  const http = createServer((request, response) => {
    if (request.url?.endsWith('/chat/completions')) chat.answer(request, response);
    else if (request.url === '/calling/keys') response.setHeader('content-type', 'application/json').end(start.jwks);
    else response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
  });
  http.on('upgrade', (request, connection, head) => {
    const socket = new ServiceSocket(request, connection);
    if (request.url?.includes('/tts/')) {
      const synthesis = new ScriptedSynthesis(socket, voice, start.synthesis);
      const receive = (frame: Frame) => synthesis.receive(readSpeechMessage(frame));
      socket.listen(head, receive, () => synthesis.close());
    } else {
      const recognition = new ScriptedRecognition(socket, index, start.recognition);
      const receive = (frame: Frame) => recognition.receive(readSpeechMessage(frame), frame);
      socket.listen(head, receive, () => {});
    }
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  process.send?.({ type: 'ready', port: (http.address() as AddressInfo).port } satisfies ProvidersReady);
}
