/* Environment variables in file names. */
#ifndef GACLIP_GEO_EXPAND_VARIABLES_H
#define GACLIP_GEO_EXPAND_VARIABLES_H

/* text with every ${NAME} replaced by the environment variable's value, and ${NAME:-OTHER} by
 * OTHER where it is unset or empty. The caller frees it with CPLFree. NULL where a variable is
 * unset or a brace is not closed: *missing then is its name, which the caller frees likewise. */
char *gaclip__expand_variables(char **missing, const char *text);

#endif
