# TS_TRY_CFLAGS(VARIABLE, FLAGS): puts those of FLAGS into VARIABLE that the compiler takes
# without a murmur. -Werror makes clang refuse the options it would only warn about.
AC_DEFUN([TS_TRY_CFLAGS], [
    ts_saved_CFLAGS=$CFLAGS
    $1=
    for ts_flag in $2; do
        AC_MSG_CHECKING([whether $CC takes $ts_flag])
        CFLAGS="$ts_saved_CFLAGS -Werror $ts_flag"
        AC_COMPILE_IFELSE([AC_LANG_PROGRAM([#include <stdio.h>], [])],
            [AC_MSG_RESULT([yes]); $1="$$1 $ts_flag"], [AC_MSG_RESULT([no])])
    done
    CFLAGS=$ts_saved_CFLAGS
    $1=${$1@%:@ }
    AC_SUBST([$1])
])

# TS_TRY_LDFLAGS(VARIABLE, FLAGS): the same for the linker.
AC_DEFUN([TS_TRY_LDFLAGS], [
    ts_saved_LDFLAGS=$LDFLAGS
    $1=
    for ts_flag in $2; do
        AC_MSG_CHECKING([whether the linker takes $ts_flag])
        LDFLAGS="$ts_saved_LDFLAGS $ts_flag"
        AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
            [AC_MSG_RESULT([yes]); $1="$$1 $ts_flag"], [AC_MSG_RESULT([no])])
    done
    LDFLAGS=$ts_saved_LDFLAGS
    $1=${$1@%:@ }
    AC_SUBST([$1])
])

# TS_NEED_CFLAGS(FLAGS, MESSAGE): stops with MESSAGE when FLAGS do not compile and link.
AC_DEFUN([TS_NEED_CFLAGS], [
    AC_MSG_CHECKING([whether $CC takes $1])
    ts_saved_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS $1"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
        [AC_MSG_RESULT([yes])], [AC_MSG_RESULT([no]); AC_MSG_ERROR([$2])])
    CFLAGS=$ts_saved_CFLAGS
])

# TS_LIBNET: libnet 1.1.6 brings libnet-config and no .pc file.
AC_DEFUN([TS_LIBNET], [
    AC_ARG_VAR([LIBNET_CONFIG], [the libnet-config program])
    AC_PATH_PROG([LIBNET_CONFIG], [libnet-config], [no])
    AS_IF([test "$LIBNET_CONFIG" = no],
        [AC_MSG_ERROR([libnet-config not found: install libnet 1.1.6 or later (Debian: libnet1-dev)])])
    # glibc warns about the _BSD_SOURCE in --defines unless its new name stands beside it.
    LIBNET_CPPFLAGS="-D_DEFAULT_SOURCE `$LIBNET_CONFIG --defines` `$LIBNET_CONFIG --cflags`"
    LIBNET_LIBS=`$LIBNET_CONFIG --libs`
    ts_saved_CPPFLAGS=$CPPFLAGS
    ts_saved_LIBS=$LIBS
    CPPFLAGS="$CPPFLAGS $LIBNET_CPPFLAGS"
    LIBS="$LIBNET_LIBS $LIBS"
    AC_MSG_CHECKING([for libnet 1.1.6 or later])
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <libnet.h>]],
        [[return libnet_pblock_coalesce(0, 0, 0) + (libnet_init(LIBNET_NONE, 0, 0) != 0);]])],
        [AC_MSG_RESULT([yes])],
        [AC_MSG_RESULT([no]); AC_MSG_ERROR([libnet does not link: install libnet 1.1.6 or later])])
    CPPFLAGS=$ts_saved_CPPFLAGS
    LIBS=$ts_saved_LIBS
    AC_SUBST([LIBNET_CPPFLAGS])
    AC_SUBST([LIBNET_LIBS])
])
