/** Who carries the calls of this deployment: another carrier is another folder, and this line. */
export { acs as THE_CARRIER } from './acs/acs.ts';
