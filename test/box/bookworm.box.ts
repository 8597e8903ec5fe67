import { scenario } from './scenario.js';

scenario('bookworm', 'deb12');
