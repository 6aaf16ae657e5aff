/*
 * rundir.h: RUN_DIR, where the processes of one machine meet: tables and locks
 * that live no longer than the machine runs.
 *
 * It belongs to root (or to whose processes they are) and nobody else may write to it.
 * Where it is missing, what is kept there is off; the log of each process says that once
 * (without root only with DEBUG: there it's no surprise), and nobody is refused for it.
 */
#ifndef RUNDIR_H
#define RUNDIR_H

#define RUN_DIR "/run/roost"
#define RUN_FD 10 /* descriptors of ours begin here */

/* The directory, or the one of this name in it, as a descriptor (>= RUN_FD, CLOEXEC); -1: it
 * can't be used.  NULL: RUN_DIR itself. */
int run_dir(const char *name) __attribute__((warn_unused_result));
/* The regular file `name` in it, mode 0600, for reading and writing, made if it is
 * missing, made anew if it is not ours alone; -1: it can't be had. */
int run_file(const char *name) __attribute__((warn_unused_result));

#endif
