import * as isolane from './index.js';

export * from './index.js';
export default isolane;
