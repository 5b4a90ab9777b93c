/* The figures that come with the program: figures/NAME.fig, put into it when it is built. Those in
 * a folder of their own bear its name too: ways/NAME leads the peer into a state (talk/bring). */
#ifndef TCPSHAKE_FIGURE_LIBRARY_H
#define TCPSHAKE_FIGURE_LIBRARY_H

#include <stddef.h>

/* In the order of the names, those of a folder behind the others; NULL past the end. */
const char *figure_library_name(size_t i);
/* The source of the figure of that name, as its file has it; NULL if there is none. */
const char *figure_library_source(const char *name);

#endif
