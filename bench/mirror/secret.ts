/** What rooms and receivers of the bench share. */
export const SECRET = `whsec_${'A'.repeat(43)}=`;
