#!/bin/sh
# symbols_test.sh LIBQUERN LIBPROGRAM PROGRAM: the libraries need nothing but libc, libm and pthread
# (the program's data readers zlib too), export no symbol outside quern's names, and stay small.
set -eu
core=$1 program=$2 linked=$3
failed=0

# The functions of the C library that the core may call.
cat > allowed.txt <<'LIST'
__errno_location
__sched_cpucount
access
aligned_alloc
bcmp
calloc
close
closedir
dirfd
dlclose
dlerror
dlopen
dlsym
fchmod
flock
free
frexp
fstat
fstatat
fstatat64
fsync
getpid
ldexp
malloc
memchr
memcmp
memcpy
memmove
memset
mmap
mmap64
munmap
nearbyint
open
open64
openat
openat64
opendir
pread
pread64
fstat64
pthread_create
pthread_join
pthread_sigmask
readdir
readdir64
rename
sched_getaffinity
sched_yield
sigfillset
stat
sysinfo
stat64
strchr
strcmp
strcspn
strerror
strlen
strncmp
strrchr
strspn
strtoul
strtoull
syscall
trunc
unlink
unlinkat
vsnprintf
write
LIST
# And those that data, training loop and command line call besides.
cat > allowed-program.txt <<'LIST'
ceil
clock_gettime
cos
crc32
fclose
ferror
fflush
floor
fopen
fopen64
fprintf
fputc
fputs
freelocale
fwrite
getenv
inflate
inflateEnd
inflateInit2_
inflateReset
ioctl
isalnum
isatty
llround
log10
mkdir
newlocale
pow
printf
putc
putchar
puts
sigaction
sigemptyset
snprintf
sqrt
stderr
stdout
strstr
strtod
strtod_l
strtoll
LIST
cat allowed.txt allowed-program.txt | sort > allowed-all.txt
sort -o allowed.txt allowed.txt

# Undefined symbols that the archives themselves do not define.
needs() {
  nm --undefined-only "$@" | awk 'NF == 2 { print $2 }' | sort -u > undefined.txt
  nm --defined-only "$@" | awk 'NF == 3 { print $3 }' | sort -u > defined.txt
  comm -23 undefined.txt defined.txt
}
complain() {
  if [ -s extra.txt ]; then
    echo "$1 needs symbols that it may not:"
    cat extra.txt
    failed=1
  fi
}
needs "$core" | comm -23 - allowed.txt > extra.txt
complain "$core"
needs "$core" "$program" | comm -23 - allowed-all.txt > extra.txt
complain "$program"

nm --defined-only --extern-only "$core" "$program" |
  awk 'NF == 3 && $3 !~ /^quern_/ && $3 !~ /quern7runtime/ && $3 !~ /^DW\.ref|^_ZSt|^_ZNSt/ { print $3 }' > extra.txt
if [ -s extra.txt ]; then
  echo "names outside quern:"
  cat extra.txt
  failed=1
fi

ldd "$linked" | awk '{ print $1 }' |
  grep -v -e '^linux-vdso' -e '^libc\.so' -e '^libm\.so' -e '^libz\.so' -e 'ld-linux' > extra.txt || true
complain "$linked"

strip -o stripped "$linked"
bytes=$(wc -c < stripped)
if [ "$bytes" -gt 400000 ]; then
  echo "the stripped program has $bytes bytes"
  failed=1
fi
strip --strip-debug -o core.a "$core"
bytes=$(wc -c < core.a)
if [ "$bytes" -gt 200000 ]; then
  echo "libquern.a has $bytes bytes"
  failed=1
fi
exit $failed
