import { checkout } from '../checkout.mjs';
import { entrant } from './isolane.mjs';

const before = checkout(process.env.ISOLANE_BEFORE);

export default entrant('isolane before', before.version, before);
