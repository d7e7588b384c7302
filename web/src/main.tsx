// The entry point: what the browser gives (socket, clock, storage, frames) meets what the screen needs.
import { render } from "preact";
import { Screen } from "./screen";
import { App } from "./views/app";

const screen = new Screen({
  open: (listener) => {
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/v1/ws`);
    socket.onopen = () => listener.opened();
    socket.onmessage = (event) => listener.heard(String(event.data));
    socket.onclose = () => listener.closed();
    return socket;
  },
  now: () => performance.now(),
  today: () => Date.now(),
  after: (delay, run) => {
    const timer = setTimeout(run, delay);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  nextFrame: (run) => requestAnimationFrame(run),
  newId: () => `web-${[...crypto.getRandomValues(new Uint8Array(16))].map(hex).join("")}`,
  fetch: (path, request) => fetch(path, request),
  sessionStorage,
  localStorage,
});

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

const place = document.getElementById("screen");
if (place !== null) render(<App screen={screen} />, place);
screen.start();
