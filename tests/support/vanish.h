/* A file that somebody takes away between the list of its folder and the look at it. For a program that is linked with
 * -Wl,--wrap=file_read. */
#ifndef SLUIS_TESTS_VANISH_H
#define SLUIS_TESTS_VANISH_H

/* The next file_read of a path that ends in this finds it removed; NULL: none does. */
extern const char *vanish_next;
/* Calls of file_read so far. */
extern unsigned vanish_reads;

#endif
