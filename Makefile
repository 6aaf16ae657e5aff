# roost: the map.
#
# Layers are libraries; each is compiled with only the include paths it may
# use, so that a wrong include does not compile (`make layers` proves it).
# Adding a .c file needs no edit here.
#
#   make [B=dir]        programs, release flavour
#   make units          unit tests, test flavour
#   make check          everything, then all tests; `make check-asan` likewise
#   make fuzz           every fuzz target, FUZZ_TIME seconds in all
#   make fuzz-long      an hour of those that read files of a mailbox
#   make fault          what may break does, one step at a time: tests/fault, all of it
#   make deps demo install uninstall lint format layers clean

B          = build
PREFIX     = /usr/local
SYSCONFDIR = /etc
FUZZ_TIME  = 300

LAYERS   = base message index store login tls
PROGRAMS = imapd imap-login roost-ready checkpassword checkpassword-crypt \
	checkpassword-pam checkpassword-session checkpassword-shadow tls-server
TOOLS    = roost-users roost-cert roost-index

define NEWLINE


endef

# What each layer may include; the tests of a layer see the same.
INC_base    = -Icommon/base
INC_message = $(INC_base) -Icommon/message
INC_index   = $(INC_base) -Icommon/index
INC_store   = $(INC_message) -Icommon/index -Icommon/store
INC_imapd   = $(INC_store) -Icommon/login -Iimapd
INC_login   = $(INC_base) -Icommon/login
INC_imap-login = $(INC_login) -Iimapd/imap-login
INC_roost-ready = $(INC_login)
INC_roost-index = $(INC_store) -Icommon/store/roost-index
INC_tests   = $(INC_store) -Icommon/login -Icommon/tls
INC_tls     = $(INC_login) -Icommon/tls
INC_tls-server = $(INC_tls) -Icommon/tls/tls-server
INC_bench   = $(INC_base) -Itests/bench
INC_fault   = $(INC_base)
INC_fuzz    = -Itests -DINDEX_FAULTS # the flavour as well; sees base
INC_fuzz   += $(INC_base)

# What each links, right to left.
LINK_base    = base
LINK_message = message base
LINK_index   = index base
LINK_store   = store index message base
LINK_handler = store index message login base
LINK_imapd   = imapd $(LINK_handler)
LINK_login   = login base
LINK_imap-login = imap-login $(LINK_login)
LINK_tls     = tls $(LINK_login)

SRC_imapd = $(wildcard imapd/*.c)
SRC_imap-login = $(wildcard imapd/imap-login/*.c)
SRC_roost-index = $(wildcard common/store/roost-index/*.c)
SRC_tls-server = $(wildcard common/tls/tls-server/*.c)
SRC_layer = $(or $(SRC_$(1)),$(wildcard common/$(1)/*.c))
UNITS     = $(wildcard $(addsuffix /*.c,$(addprefix tests/unit/,$(LAYERS) imapd imap-login)))
FUZZERS   = $(wildcard $(addsuffix /*.c,$(addprefix tests/fuzz/,$(LAYERS) imapd imap-login)))
LOAD      = $(wildcard tests/bench/*.c)
PROBES    = cage_probe login_probe
HEADERS   = $(wildcard common/*/*.h common/*/*/*.h imapd/*.h imapd/*/*.h tests/*.h tests/bench/*.h)
SOURCES   = $(wildcard common/*/*.c common/*/*/*.c imapd/*.c imapd/*/*.c tests/fault/*.c) $(UNITS) $(FUZZERS) $(LOAD) $(PROBES:%=tests/%.c) \
	tests/fuzz/replay.c
SYSTEMD   = $(wildcard units/systemd/*.service units/systemd/*.socket units/systemd/*/*.conf)
MANPAGES  = $(wildcard */*.[1-8] common/*/*.[1-8])

# The authenticator: what it shares is a library, what needs glibc is not in it.
INC_checkpassword  = $(INC_login) -Icheckpassword
LINK_checkpassword = checkpassword login base
LIBS_checkpassword = -lcdb
GLIBC_checkpassword = $(wildcard checkpassword/checkpassword-*.c checkpassword/roost-users.c \
	$(patsubst %,checkpassword/%.c,hash nss pam password replacement usersdb))
SRC_checkpassword = $(filter-out checkpassword/checkpassword.c $(GLIBC_checkpassword), \
	$(wildcard checkpassword/*.c))
UNITS    += $(wildcard tests/unit/checkpassword/*.c)
FUZZERS  += $(wildcard tests/fuzz/checkpassword/*.c)
HEADERS  += $(wildcard checkpassword/*.h)
SOURCES  += $(wildcard checkpassword/*.c)

WARN  = -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wconversion \
	-Wmissing-prototypes -Wstrict-prototypes -Wwrite-strings
ifneq ($(CI)$(WERROR),)
WARN += -Werror
endif
DEFS  = -DSYSCONFDIR='"$(SYSCONFDIR)"'
HARD  = -fstack-protector-strong -fno-strict-aliasing -fno-plt

# The release flavour is static-pie musl: exec to main costs 55 us over no libc
# at all, where static glibc costs 1,120 and dynamic 1,520 (a virtual machine
# traps each of the CPUIDs that glibc runs), and 12 KiB private memory at rest.
# Debian's musl-gcc knows no -static-pie, so its start files are named here.
TRIPLET  := $(shell gcc -dumpmachine 2>/dev/null)
MUSL     := /usr/lib/$(subst gnu,musl,$(TRIPLET))
LIBGCC   := $(shell gcc -print-libgcc-file-name 2>/dev/null)
LAYOUT    = common/base/static.ld
PIE_LINK  = musl-gcc -o $@ -nostartfiles -nostdlib -static -Wl,-T,$(LAYOUT) \
	-Wl,-pie,-static,--no-dynamic-linker,-z,text,-z,relro,-z,now,-z,noexecstack,--gc-sections \
	$(MUSL)/rcrt1.o $(MUSL)/crti.o $(filter-out $(LAYOUT),$(1)) -L$(MUSL) -lc $(LIBGCC) \
	$(MUSL)/crtn.o

# gcc's UBSan has a runtime of its own that writes to stderr only, where a test may not look: it
# traps instead, and ASan's reports that where all else goes (handle_sigill, tests/run).
SANITIZE   = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CC_release = musl-gcc -O2 -g -fPIE -ffunction-sections -fdata-sections $(HARD) \
	-idirafter /usr/include -idirafter /usr/include/$(TRIPLET)
CC_glibc   = gcc -O2 -g -fPIE $(HARD) -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
CC_test    = gcc -O1 -g -fPIE $(HARD) -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
CC_asan    = gcc -O1 -g -fPIE $(HARD) $(SANITIZE) -fsanitize-undefined-trap-on-error
CC_fuzz    = clang -O1 -g $(SANITIZE) -fsanitize=fuzzer-no-link
LD_glibc   = -pie -Wl,-z,relro,-z,now,--as-needed
LD_test    = -pie -Wl,-z,relro,-z,now
LD_asan    = -pie
LD_fuzz    = -fsanitize=fuzzer

ifndef V	# make V=1 shows the commands
Q = @echo "  $(@:$(B)/%=%)";
endif

all: $(PROGRAMS:%=$(B)/%) $(TOOLS:%=$(B)/%)
units: $(UNITS:tests/%.c=$(B)/%) $(PROBES:%=$(B)/%)
asan: $(PROGRAMS:%=$(B)/asan/%) $(TOOLS:%=$(B)/asan/%) $(UNITS:tests/%.c=$(B)/asan/%) $(PROBES:%=$(B)/asan/%)

# The directory a source lies in is its layer.
layer   = $(notdir $(patsubst %/,%,$(dir $(1))))
include = $(INC_$(call layer,$(1)))
libs    = $(patsubst %,$(B)/obj/$(1)/lib%.a,$(LINK_$(2)))

define LIBRARY # flavour, layer
$(B)/obj/$(1)/lib$(2).a: $(patsubst %.c,$(B)/obj/$(1)/%.o,$(call SRC_layer,$(2)))
	@mkdir -p $$(@D); rm -f $$@
	$$(Q)ar rcs $$@ $$^
endef

define FLAVOUR # flavour
$(B)/obj/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(WARN) $$(DEFS) $$(CFLAGS) $$(call include,$$<) $$(INC_$(1)) -MMD -MP -c -o $$@ $$<
$(foreach l,$(LAYERS) imapd imap-login,$(eval $(call LIBRARY,$(1),$(l))))
endef
$(foreach f,release glibc test asan fuzz,$(eval $(call FLAVOUR,$(f)))\
	$(eval $(call LIBRARY,$(f),checkpassword)))

# Programs.
$(B)/imapd: $(SRC_imapd:%.c=$(B)/obj/release/%.o) $(call libs,release,handler) $(LAYOUT)
	@mkdir -p $(@D)
	$(Q)$(call PIE_LINK,$^)
$(B)/asan/imapd: $(SRC_imapd:%.c=$(B)/obj/asan/%.o) $(call libs,asan,handler)
	@mkdir -p $(@D)
	$(Q)$(CC_asan) $(LD_asan) -o $@ $^
$(B)/imap-login: $(SRC_imap-login:%.c=$(B)/obj/release/%.o) $(call libs,release,login) $(LAYOUT)
	@mkdir -p $(@D)
	$(Q)$(call PIE_LINK,$^)
$(B)/asan/imap-login: $(SRC_imap-login:%.c=$(B)/obj/asan/%.o) $(call libs,asan,login)
	@mkdir -p $(@D)
	$(Q)$(CC_asan) $(LD_asan) -o $@ $^

$(B)/roost-ready: $(B)/obj/release/imapd/roost-ready/main.o $(call libs,release,login) $(LAYOUT)
	@mkdir -p $(@D)
	$(Q)$(call PIE_LINK,$^)
$(B)/asan/roost-ready: $(B)/obj/asan/imapd/roost-ready/main.o $(call libs,asan,login)
	@mkdir -p $(@D)
	$(Q)$(CC_asan) $(LD_asan) -o $@ $^

$(B)/roost-index: $(SRC_roost-index:%.c=$(B)/obj/release/%.o) $(call libs,release,store) $(LAYOUT)
	@mkdir -p $(@D)
	$(Q)$(call PIE_LINK,$^)
$(B)/asan/roost-index: $(SRC_roost-index:%.c=$(B)/obj/asan/%.o) $(call libs,asan,store)
	@mkdir -p $(@D)
	$(Q)$(CC_asan) $(LD_asan) -o $@ $^

$(B)/checkpassword: $(B)/obj/release/checkpassword/checkpassword.o $(call libs,release,checkpassword) $(LAYOUT)
	@mkdir -p $(@D)
	$(Q)$(call PIE_LINK,$^ /usr/lib/$(TRIPLET)/libcdb.a)
$(B)/asan/checkpassword: $(B)/obj/asan/checkpassword/checkpassword.o $(call libs,asan,checkpassword)
	@mkdir -p $(@D)
	$(Q)$(CC_asan) $(LD_asan) -o $@ $^ -lcdb

LIBS_checkpassword-crypt = -lcrypt
ALSO_checkpassword-crypt = hash
LIBS_checkpassword-pam = -lpam -lcrypt
ALSO_checkpassword-pam = nss pam hash
LIBS_checkpassword-session = -lpam -lcrypt -lcdb
ALSO_checkpassword-session = nss pam hash
LIBS_checkpassword-shadow = -lcrypt
ALSO_checkpassword-shadow = nss hash
LIBS_roost-users = -lcdb -lcrypt
ALSO_roost-users = usersdb replacement password nss hash
define GLIBC # flavour, directory, program
$(2)/$(3): $(patsubst %,$(B)/obj/$(1)/checkpassword/%.o,$(3) $(ALSO_$(3))) $(call libs,$(1),checkpassword)
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(LD_$(1)) -o $$@ $$^ $(LIBS_$(3))
endef
$(foreach p,checkpassword-crypt checkpassword-pam checkpassword-session checkpassword-shadow roost-users,$(eval $(call GLIBC,glibc,$(B),$(p)))\
	$(eval $(call GLIBC,asan,$(B)/asan,$(p))))

# OpenSSL is linked dynamically: its fixes come with the system's updates, and
# start-up, 1.2 ms more than static, is paid once per listener where that matters.
LIBS_tls = -lssl -lcrypto
define TLS # flavour, directory
$(2)/tls-server: $(SRC_tls-server:%.c=$(B)/obj/$(1)/%.o) $(call libs,$(1),tls)
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(LD_$(1)) -o $$@ $$^ $(LIBS_tls)
endef
$(eval $(call TLS,glibc,$(B)))
$(eval $(call TLS,asan,$(B)/asan))

$(B)/roost-cert $(B)/asan/roost-cert: common/tls/roost-cert
	@mkdir -p $(@D)
	$(Q)sed 's|@SYSCONFDIR@|$(SYSCONFDIR)|' $< >$@ && chmod 755 $@

# Tests: each is linked with its layer and those to its left.
INC_test = -Itests -DINDEX_FAULTS
INC_asan = -Itests -DINDEX_FAULTS
define UNIT # flavour, directory, source, libraries
$(2)/$(3:tests/%.c=%): $(B)/obj/$(1)/$(3:.c=.o) $(call libs,$(1),$(call layer,$(3)))
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(LD_$(1)) -o $$@ $$^ $(4) $(LIBS_$(call layer,$(3)))
endef
$(foreach u,$(UNITS),$(eval $(call UNIT,test,$(B),$(u),-lcmocka)))
$(foreach u,$(UNITS),$(eval $(call UNIT,asan,$(B)/asan,$(u),-lcmocka)))
$(foreach u,$(FUZZERS),$(eval $(call UNIT,fuzz,$(B),$(u))))

# What somebody would do who took over a process, in the cage or jail of the real one.
define PROBE # program, layer, more objects
$(B)/$(1): $(patsubst %,$(B)/obj/release/%.o,tests/$(1) $(3)) $(call libs,release,$(2)) $(LAYOUT)
	@mkdir -p $$(@D)
	$$(Q)$$(call PIE_LINK,$$^)
$(B)/asan/$(1): $(patsubst %,$(B)/obj/asan/%.o,tests/$(1) $(3)) $(call libs,asan,$(2))
	@mkdir -p $$(@D)
	$$(Q)$$(CC_asan) $$(LD_asan) -o $$@ $$^
endef
$(eval $(call PROBE,cage_probe,store))
$(eval $(call PROBE,login_probe,login,common/tls/confine))

# imapd on a machine with an odd clock, stopped and killed where a test wants (tests/fault/shim.c).
SHIMMED = clock_gettime fstat fstatat stat
define SHIM # flavour, directory
$(2)/fault/imapd: $(SRC_imapd:%.c=$(B)/obj/$(1)/%.o) $(B)/obj/$(1)/tests/fault/shim.o $(call libs,$(1),handler)
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(LD_$(1)) $(SHIMMED:%=-Wl,--wrap=%) -o $$@ $$^
endef
$(eval $(call SHIM,test,$(B)))
$(eval $(call SHIM,asan,$(B)/asan))
units: $(B)/fault/imapd
asan: $(B)/asan/fault/imapd

# Comparisons that are watched cost half the speed where most of them are of checksums.
$(B)/obj/fuzz/common/index/%.o $(B)/obj/fuzz/common/store/%.o: CFLAGS += -fno-sanitize-coverage=trace-cmp

# Runs a program and makes one of its system calls fail: tests/fault/inject.test.
$(B)/inject $(B)/asan/inject: $(B)/obj/glibc/tests/fault/inject.o
	@mkdir -p $(@D)
	$(Q)$(CC_glibc) $(LD_glibc) -o $@ $^
units: $(B)/inject
asan: $(B)/asan/inject
# What sanitizers tell of: tests/fault/run.test.
$(B)/asan/mistakes: $(B)/obj/asan/tests/fault/mistakes.o
	@mkdir -p $(@D)
	$(Q)$(CC_asan) $(LD_asan) -o $@ $^
asan: $(B)/asan/mistakes
fault: deps
	$(MAKE) -j$(shell nproc) all units
	$(call TEST) FAULT=long TIMEOUT=7200 tests/run fault/

fuzzers: $(FUZZERS:tests/%.c=$(B)/%)
fuzz: fuzzers
	tests/fuzz/run $(B) $(FUZZ_TIME) $(FUZZ_ONLY)
fuzz-long:
	$(MAKE) fuzz FUZZ_TIME=3600 FUZZ_ONLY="index/ store/ imapd/files"

# The same targets without a fuzzer, for what is in their corpora.
define REPLAY # flavour, directory, source
$(2)/$(3:tests/fuzz/%.c=replay/%): $(B)/obj/$(1)/$(3:.c=.o) $(B)/obj/$(1)/tests/fuzz/replay.o \
	$(call libs,$(1),$(call layer,$(3)))
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(LD_$(1)) -o $$@ $$^ $(LIBS_$(call layer,$(3)))
endef
$(foreach u,$(FUZZERS),$(eval $(call REPLAY,test,$(B),$(u)))$(eval $(call REPLAY,asan,$(B)/asan,$(u))))
# Its clocks jump where the others sleep; those of the index don't wait for a writer that died.
WRAP_CLOCK = -Wl,--wrap=nanosleep,--wrap=clock_gettime
WRAP_SLEEP = -Wl,--wrap=nanosleep
SLEEPLESS  = index/index_file index/journal_file index/view
$(SLEEPLESS:%=$(B)/fuzz/%): LD_fuzz += $(WRAP_SLEEP)
$(SLEEPLESS:%=$(B)/replay/%): LD_test += $(WRAP_SLEEP)
$(SLEEPLESS:%=$(B)/asan/replay/%): LD_asan += $(WRAP_SLEEP)
$(B)/fuzz/imapd/files: LD_fuzz += $(WRAP_CLOCK)
$(B)/replay/imapd/files: LD_test += $(WRAP_CLOCK)
$(B)/asan/replay/imapd/files: LD_asan += $(WRAP_CLOCK)
units: $(FUZZERS:tests/fuzz/%.c=$(B)/replay/%)
asan: $(FUZZERS:tests/fuzz/%.c=$(B)/asan/replay/%)

BUILD_PACKAGES = gcc musl-tools linux-libc-dev libc6-dev libcdb-dev libpam0g-dev libcrypt-dev libssl-dev
# ucspi-tcp-ipv6 has it too, and stays.
TCPSERVER = $(shell command -v tcpserver >/dev/null || echo ucspi-tcp)
CLIENTS = curl getmail6 imapfilter isync libmail-imapclient-perl neomutt offlineimap3 uw-mailutils
PACKAGES = $(BUILD_PACKAGES) make libcmocka-dev clang libclang-rt-14-dev clang-format \
	cppcheck libpam-wrapper openssl tmux python3 strace procps $(CLIENTS) $(TCPSERVER)
# A listener is on most machines already.
DEMO_PACKAGES = $(BUILD_PACKAGES) make curl openssl procps \
	$(shell command -v systemd-socket-activate >/dev/null || echo $(TCPSERVER))

deps:
	@missing=$$(for p in $(PACKAGES); do \
		dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q ' installed$$' || echo $$p; \
	done); \
	[ -z "$$missing" ] && exit 0; \
	[ "$$(id -u)" = 0 ] && as= || as=sudo; \
	$$as apt-get update -q && \
	DEBIAN_FRONTEND=noninteractive $$as apt-get install -q -y --no-install-recommends $$missing

# What a test finds in its environment; a path may have spaces.
BUILT = $(if $(filter /%,$(B)),$(B),$(CURDIR)/$(B))
TEST  = B="$(BUILT)$(1)" UNITS="$(BUILT)$(1)/unit" IMAPD="$(BUILT)$(1)/imapd" SRC="$(CURDIR)"

check: deps
	$(MAKE) -j$(shell nproc) all units layers
	$(call TEST) tests/run
check-asan: deps
	$(MAKE) -j$(shell nproc) asan
	$(call TEST,/asan) TIMEOUT=$${TIMEOUT:-900} tests/run

# roost beside Dovecot, as root: ONLY="session select", SIZES, PAIRS; tests/bench/run.
define LOADER # flavour, directory
$(2)/bench/load: $(LOAD:%.c=$(B)/obj/$(1)/%.o) $(B)/obj/$(1)/libbase.a
	@mkdir -p $$(@D)
	$$(Q)$$(CC_$(1)) $$(LD_$(1)) -o $$@ $$^
endef
$(eval $(call LOADER,glibc,$(B)))
$(eval $(call LOADER,asan,$(B)/asan))
units: $(B)/bench/load
asan: $(B)/asan/bench/load
bench: deps
	$(MAKE) -j$(shell nproc) all $(B)/bench/load
	$(call TEST) ONLY="$(ONLY)" SIZES="$(SIZES)" PAIRS="$(PAIRS)" tests/bench/run
bench-long:
	$(MAKE) bench SIZES="1000 10000 100000 1000000"

layers:
	@tests/layers $(B)/layers "$(CC_test) $(WARN)" \
		$(foreach l,$(LAYERS) imapd checkpassword,"$(l) $(wildcard common/$(l) $(l)) $(INC_$(l))")
demo:
	@$(MAKE) --no-print-directory deps PACKAGES="$(DEMO_PACKAGES)"
	@$(MAKE) --no-print-directory all
	@exec env $(call TEST) tests/demo.sh
format:
	clang-format -i $(SOURCES) $(HEADERS)
lint:
	clang-format --dry-run -Werror $(SOURCES) $(HEADERS)
	cppcheck -q --std=c11 --language=c --error-exitcode=1 --inline-suppr \
		--enable=warning,performance,portability $(INC_imapd) -Icommon/login -Iimapd/imap-login -Icheckpassword \
		-Icommon/tls -Icommon/tls/tls-server -Icommon/store/roost-index \
		-DSYSCONFDIR='"/etc"' -D__x86_64__ \
		$(filter-out tests/%,$(SOURCES))

# What goes where, mode:source:target; install and uninstall walk the same list.  Files of units/
# learn where the programs and the settings are.  Nothing is enabled or started.
LIBEXEC = $(PREFIX)/lib/roost
SHARE   = $(PREFIX)/share/roost
UNITFILES = $(patsubst units/%,%,$(shell find units -type f ! -path '*/systemd/*'))
INSTALLED = $(foreach p,$(PROGRAMS),755:$(B)/$(p):$(LIBEXEC)/$(p)) \
	$(foreach p,$(TOOLS),755:$(B)/$(p):$(PREFIX)/bin/$(p)) \
	$(foreach m,$(MANPAGES),644:$(m):$(PREFIX)/share/man/man$(subst .,,$(suffix $(m)))/$(notdir $(m))) \
	$(foreach u,$(SYSTEMD),644:$(u):$(PREFIX)/lib/systemd/system/$(u:units/systemd/%=%)) \
	$(foreach d,sysusers tmpfiles,644:units/systemd/$(d).conf:$(PREFIX)/lib/$(d).d/roost.conf) \
	$(foreach u,$(UNITFILES),$(if $(filter %/run,$(u)),755,644):units/$(u):$(SHARE)/$(u))
install: all
	@for f in $(INSTALLED); do \
		mode=$${f%%:*} to="$(DESTDIR)$${f##*:}" from=$${f#*:}; from=$${from%:*}; \
		install -D -m $$mode "$$from" "$$to" || exit 1; \
		case $$from in units/*) sed -i -e 's,@libexec@,$(LIBEXEC),g' \
			-e 's,@sysconfdir@,$(SYSCONFDIR),g' "$$to" || exit 1 ;; esac; \
	done
	@echo "roost is in $(DESTDIR)$(LIBEXEC); nothing was started (README: Install)"
uninstall:
	@for f in $(INSTALLED); do rm -f "$(DESTDIR)$${f##*:}" || exit 1; done
	@for d in "$(LIBEXEC)" "$(SHARE)" "$(PREFIX)/lib/systemd/system/roost-.service.d"; do \
		[ ! -d "$(DESTDIR)$$d" ] || find "$(DESTDIR)$$d" -depth -type d -empty -delete; \
	done
clean:
	rm -rf $(B)

.PHONY: all units asan fuzzers fuzz fuzz-long fault deps check check-asan bench bench-long layers demo format lint install uninstall clean
.SECONDARY:
-include $(shell find $(B) -name '*.d' -type f 2>/dev/null)
