import { scenario } from './scenario.js';

scenario('trixie', 'deb13');
