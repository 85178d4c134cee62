import './lib/zod-without-eval.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/contrast.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { readAhead } from './pages/later.ts';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');
mount(App, { target });
// The first page has come by then, and what it shows.
setTimeout(() => requestIdleCallback(readAhead), 2000);
