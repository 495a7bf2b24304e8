/** How the scripted dialogue begins where it cannot do anything with the caller's words. */
export const NOT_UNDERSTOOD = 'I am sorry, I did not get that.';
