# make build | cross | test | test-all | test-codecs | test-services | test-fleet | test-arm64 | faults | same-outputs | sme-matrix | sme-mutants | trust | fuzz | sanitize | demo | bench | ratios | plots | micro | check-kernels | lint | install | install-makedumpfile | install-integration | deb | rpm | clean | clean-lab
#
#   ARCH=arm64           that cross, deb and rpm compile for, on another machine
#   SMALL=1              a program that does not read debug information (DWARF), and needs no elfutils
#   ZLIB=1               zlib instead of libdeflate, for distributions that have no libdeflate: -c is 0.4 times as fast
#   SNAPPY=system        the system's static libsnappy, which compresses at 0.6 times the speed, instead of one that is compiled from its
#                        source, downloaded and checked; SNAPPY_ARCHIVE=FILE names a copy of that
#   STRICT=1             warnings are errors (CI)
#   PREFIX, DESTDIR      where install puts the program, its manual pages and its bash completion
#   LINK=-static-stdlib  a program that loads its C libraries, where there are no static ones
#   PEER=FILE            the makedumpfile that tests and bench compare with (default: that in PATH); 1.7.9 or later for Linux 6.12
#   VMSIEVE_LAB          where kernels, vmcores and drgn are kept, about 8 GB (default ~/.cache/vmsieve-lab)
#   RATIOS=FILE          the table of ratios, that plots draws (default Benchmarks/ratios.tsv)
#   RESULTS=FILE         where bench writes its report, besides the terminal
#   BASE=REVISION        that same-outputs compares with
#   SEED=NUMBER          of sme-matrix and faults (default 71)
#   FAULTS=NUMBER        of each command line that make faults tries, instead of all
#   SHORT=1              sanitize with fewer tests
#   SECONDS=NUMBER       of fuzz, for each target (default 60)
#   TARGET=NAME          of fuzz (default all)
#   VMSIEVE_SKIP_REAL=1  test without virtual machines
BUILD = build
PREFIX = /usr/local
DESTDIR =
export VMSIEVE_LAB ?= $(HOME)/.cache/vmsieve-lab
export VMSIEVE ?= $(CURDIR)/$(BUILD)/vmsieve

# Where a release is made: there, in debian/changelog and in CHANGELOG.md.
VERSION = $(shell sed -n 's/.*static let version = "\(.*\)"/\1/p' Sources/vmsieve/Messages/Program.swift)
LAB = Tests/Lab/lab
LINK = -static-executable
# The system's shared library is as it should be.
SNAPPY = $(if $(filter -static-stdlib,$(LINK)),system,source)
SNAPPY_PATH = $(CURDIR)/$(BUILD)/snappy$${PKG_CONFIG_PATH:+:$$PKG_CONFIG_PATH}
SNAPPY_FLAGS = $$([ ! -e $(BUILD)/snappy/snappy.pc ] || echo -Xcc -DCOMPILED_SNAPPY)
INSTALL_PACKAGES = Tests/Lab/install-packages
LIBRARIES = zlib1g-dev liblzo2-dev libsnappy-dev libzstd-dev $(if $(ZLIB),,libdeflate-dev) nettle-dev $(if $(SMALL),,libdw-dev) pkg-config binutils
# Debian's compiler calls a linker that puts everything into one segment on arm64, code and what is written to.
LINK_FLAGS = $(if $(filter -static-stdlib,$(LINK)),--static-swift-stdlib,-Xswiftc $(LINK)) $(if $(ASSERTING),-Xlinker -z -Xlinker separate-code)
# Read in recipes only, after the libraries are installed.
WITHOUT_DWARF = $(if $(SMALL),yes,$(shell packaging/try-libdw $(if $(filter -static-stdlib,$(LINK)),,-static) || echo yes))
# Naming one of the traits that are set by default takes the other away.
TRAIT_FLAGS = $(if $(WITHOUT_DWARF),$(if $(ZLIB),--disable-default-traits,--traits Libdeflate),$(if $(ZLIB),--traits DWARF))
# Debian's compiler is built with assertions: what it then calls wrong in its own intermediate code is right where it is not.
ASSERTING = $(shell swiftc --version 2>&1 | grep -o +assertions)
CHECKS_OFF = -Xfrontend -sil-verify-none -Xllvm -sil-disable-pass=copy-propagation -Xllvm -sil-disable-pass=early-redundant-load-elimination
SWIFT_FLAGS = $(TRAIT_FLAGS) $(if $(STRICT),-Xswiftc -warnings-as-errors -Xcc -Werror) $(if $(ASSERTING),$(CHECKS_OFF:%=-Xswiftc %))

ifdef PEER
export VMSIEVE_PEER = $(abspath $(PEER))
endif

.PHONY: build cross deps lab test compiled-tests test-all test-codecs test-services test-fleet test-arm64 faults same-outputs sme-matrix sme-mutants trust fuzz sanitize demo benchmarks bench ratios plots micro check-kernels lint install install-makedumpfile install-integration deb rpm clean clean-lab
build: deps
	@$(if $(filter -static-stdlib,$(LINK)),,echo "The linker will warn of 'dlopen' in libswiftCore.a: it is for the runtime's developers, and vmsieve never gets there.")
	@$(if $(filter system,$(SNAPPY)),rm -rf $(BUILD)/snappy,packaging/build-snappy $(BUILD)/snappy || \
	  echo "vmsieve gets the system's static libsnappy, which is slower.")
	PKG_CONFIG_PATH=$(SNAPPY_PATH) swift build -c release --product vmsieve $(LINK_FLAGS) $(SNAPPY_FLAGS) $(SWIFT_FLAGS)
	mkdir -p $(BUILD) && strip -s -o $(BUILD)/vmsieve .build/release/vmsieve

# A program for another architecture, on an x86_64 Debian machine: `make cross ARCH=arm64`. packaging/cross says how.
ARCH =
cross:
	@[ "$(ARCH)" = arm64 ] || { echo "ARCH is '$(ARCH)': only arm64 can be cross-compiled for" >&2; exit 1; }
	@$(INSTALL_PACKAGES) binutils
	packaging/cross

deps:
	@$(INSTALL_PACKAGES) $(LIBRARIES) $(if $(ASSERTING),g++)

# The vmcores, the debug information and the readers that the tests compare with. Made once.
lab:
ifdef VMSIEVE_SKIP_REAL
	@echo "VMSIEVE_SKIP_REAL is set: NO TEST ON A REAL VMCORE WILL RUN"
else
	@$(INSTALL_PACKAGES) makedumpfile crash openssl e2fsprogs python3-jsonschema
	$(LAB) vmcores $(MACHINES)
	$(LAB) debuginfo 6.1 || [ $$? = 3 ]
	$(LAB) debuginfo 6.12 || [ $$? = 3 ]
	$(LAB) drgn
endif

# A machine of the lab takes one processor: the tests are compiled beside it. A program that `make cross` made
# of these sources is looked at, too.
ARM64_PROGRAM = $(BUILD)/arm64/vmsieve
test: build
	@$(MAKE) --no-print-directory -j2 lab compiled-tests
	Tests/run --skip-build $(SWIFT_FLAGS)
ifndef VMSIEVE_SKIP_REAL
	@[ ! -e $(ARM64_PROGRAM) ] || [ -n "$$(find Sources -newer $(ARM64_PROGRAM))" ] || Tests/ARM64/run $(ARM64_PROGRAM) $(BUILD)/vmsieve
endif

compiled-tests:
	swift build --build-tests $(SWIFT_FLAGS)

# The codecs alone, for builds with other libraries: `make test-codecs ZLIB=1`.
test-codecs: deps
	Tests/run $(SWIFT_FLAGS) --filter '^PageCompressionTests\.'

# The kdump services of real Debian systems, with the packages installed in them. As root or with sudo.
test-services: deb
	@$(INSTALL_PACKAGES) lintian
	lintian --fail-on error,warning ../vmsieve_*_amd64.deb ../vmsieve-makedumpfile_*_amd64.deb
	Tests/Services/run $(SUITES)

# The recipes of integration/: on Slurm with three nodes on this machine, with GNU parallel, and Kubernetes' manifests.
test-fleet: build
	Tests/Fleet/run

# The program for arm64 beside this machine's, under qemu-user, and in a capture kernel of arm64.
test-arm64: ARCH = arm64
test-arm64: build cross
	Tests/ARM64/run $(ARM64_PROGRAM) $(BUILD)/vmsieve

# What takes longer: more kernels, larger disks, the whole matrix of encrypted machines.
test-all: export MACHINES = all
test-all: export VMSIEVE_ALL = 1
test-all: test

# Every system call of the program fails once, at each of its positions: tables for Benchmarks/TRUST.md, and what broke a rule.
faults: build
	@SEED=$(SEED) FAULTS=$(FAULTS) Tests/faults $(SWIFT_FLAGS)

# All kinds of memory contents, machines and dumps in which encryption may have to be undone, a line each, and their table.
SEED = 71
sme-matrix: build
	@$(INSTALL_PACKAGES) openssl
	$(LAB) vmcores sme
	Tests/sme-matrix $(SEED) $(SWIFT_FLAGS)

# Real dumps that are broken and repaired, and pages verified per second: the tables of Benchmarks/TRUST.md.
trust: build lab
	Benchmarks/trust $(SWIFT_FLAGS)

# What reads bytes that anybody may have written, with inputs that a fuzzer makes: `make fuzz TARGET=elf SECONDS=3600`. Fuzzing/run
# says more.
SECONDS = 60
fuzz: deps
	@$(INSTALL_PACKAGES) xz-utils
	Fuzzing/run -s $(SECONDS) $(TARGET)

# What threads share, by ThreadSanitizer; what becomes of memory, by AddressSanitizer: `make sanitize KIND=address`.
KIND = thread
sanitize: deps
	Tests/sanitize -k $(KIND) $(if $(SHORT),-s) $(SWIFT_FLAGS)

# Whether a change of structure left every output as it was: `make same-outputs BASE=REVISION`.
same-outputs: build lab
	rm -rf $(BUILD)/base
	git worktree prune
	git worktree add --detach --force $(BUILD)/base $(BASE)
	$(MAKE) -C $(BUILD)/base build
	VMSIEVE_BASE=$(CURDIR)/$(BUILD)/base/build/vmsieve Tests/run $(SWIFT_FLAGS) --filter OutputTests

# Takes each rule by which low memory is repaired or left out of a copy: a test has to fail. `make sme-mutants RULE=table`: those so
# called.
sme-mutants:
	@$(INSTALL_PACKAGES) python3 $(LIBRARIES)
	Tests/Mutants/run $(RULE)

demo: build
	Tests/Lab/demo $(BUILD)/vmsieve

# What bench, ratios and micro run.
benchmarks: build
	PKG_CONFIG_PATH=$(SNAPPY_PATH) swift build -c release --package-path Benchmarks $(LINK_FLAGS) $(SNAPPY_FLAGS)

bench: benchmarks
	@$(INSTALL_PACKAGES) makedumpfile
	Benchmarks/capture "$(VMSIEVE)" "$${VMSIEVE_PEER:-$$(PATH=$$PATH:/usr/sbin command -v makedumpfile)}" > $(BUILD)/capture.md
	VMSIEVE_BENCH_CAPTURE=$(BUILD)/capture.md \
	  VMSIEVE_BENCH_VMCORE=$${VMSIEVE_BENCH_VMCORE:-$$($(LAB) vmcore bench)/vmcore} \
	  Benchmarks/.build/release/vmsieve-benchmark $(RESULTS)

# How many times as fast as makedumpfile's one thread, each codec with one thread and with two, on real vmcores: a table, about 5
# minutes on an idle machine. `make plots` draws it.
RATIOS = Benchmarks/ratios.tsv
ratios: benchmarks
	@$(INSTALL_PACKAGES) makedumpfile
	$(LAB) vmcores
	Benchmarks/.build/release/vmsieve-benchmark ratios $(RATIOS) Benchmarks/.build/release/vmsieve-micro \
	  6.1=$$($(LAB) vmcore 6.1)/vmcore 6.12=$$($(LAB) vmcore 6.12)/vmcore

plots:
	Benchmarks/plot $(RATIOS) Benchmarks/plots

# Instructions that pieces of the program take, against Benchmarks/micro.tsv. `make micro UPDATE=1` writes that.
micro: benchmarks
	@$(INSTALL_PACKAGES) valgrind python3
	Benchmarks/micro $(if $(UPDATE),--update) Benchmarks/.build/release/vmsieve-micro Benchmarks/micro.tsv

# Whether the newest kernels tell of their pages what is known here.
check-kernels:
	Tests/Lab/check-kernels

lint:
	swift format lint --strict --recursive Package.swift Sources Tests Benchmarks Fuzzing/Package.swift Fuzzing/Sources
	@$(INSTALL_PACKAGES) shellcheck python3
	Tests/floors
	@grep -q "^vmsieve ($(VERSION)) " debian/changelog && grep -q "^## $(VERSION)$$" CHANGELOG.md || { echo "debian/changelog or CHANGELOG.md is not of $(VERSION)" >&2; exit 1; }
	shellcheck -x $(LAB) $(INSTALL_PACKAGES) Benchmarks/capture Benchmarks/measure.sh Benchmarks/targets Benchmarks/targets.sh Benchmarks/trust Benchmarks/fleet Fuzzing/run Tests/run Tests/sanitize Tests/faults Tests/outputs Tests/sme-matrix Tests/Lab/demo Tests/Lab/bare Tests/Lab/check-kernels Tests/Lab/*.sh Tests/Lab/guest/*.sh Tests/Lab/guest/init Tests/Lab/secrets/*.sh \
	  .ci/run completions/vmsieve packaging/build-snappy packaging/try-libdw packaging/cross Tests/Services/run Tests/Services/guest/crash-once packaging/install-makedumpfile \
	  Tests/Fleet/run Tests/ARM64/run integration/fleet/vmcore-task integration/slurm/*.sbatch integration/slurm/vmcore-in-parts integration/parallel/vmcores

install:
	install -D -m 755 $(BUILD)/vmsieve $(DESTDIR)$(PREFIX)/sbin/vmsieve
	install -D -m 644 man/vmsieve.8 $(DESTDIR)$(PREFIX)/share/man/man8/vmsieve.8
	install -D -m 644 man/vmsieve.conf.5 $(DESTDIR)$(PREFIX)/share/man/man5/vmsieve.conf.5
	install -D -m 644 completions/vmsieve $(DESTDIR)$(PREFIX)/share/bash-completion/completions/vmsieve

# Lines for the configuration of the distributions' kdump services, to copy from.
install-integration:
	mkdir -p $(DESTDIR)$(PREFIX)/share/vmsieve
	install -m 644 $(wildcard integration/*.* integration/kdump-tools integration/sysconfig-kdump) $(DESTDIR)$(PREFIX)/share/vmsieve/
	for folder in fleet slurm kubernetes parallel; do \
	  mkdir -p $(DESTDIR)$(PREFIX)/share/vmsieve/$$folder && \
	  cp integration/$$folder/* $(DESTDIR)$(PREFIX)/share/vmsieve/$$folder/ || exit 1; done

# For what insists on the name: where kdump's services find makedumpfile. One that is there is kept beside it.
install-makedumpfile: install
	@packaging/install-makedumpfile $(PREFIX)/sbin/vmsieve "$(DESTDIR)"

# The package lands beside this folder, as Debian's tools have it.
deb:
	@$(INSTALL_PACKAGES) build-essential debhelper dpkg-dev $(LIBRARIES)
	dpkg-buildpackage -b -us -uc $(if $(ARCH),-d -a$(ARCH))

rpm:
	@$(INSTALL_PACKAGES) rpm $(LIBRARIES)
	mkdir -p $(BUILD)/rpm/SOURCES
	git archive --prefix=vmsieve-$(VERSION)/ -o $(BUILD)/rpm/SOURCES/vmsieve-$(VERSION).tar.gz HEAD
	rpmbuild -bb $(RPM_FLAGS) $(if $(ARCH),--target aarch64 --nodeps) --define "_topdir $(CURDIR)/$(BUILD)/rpm" --define "vmsieve_version $(VERSION)" packaging/vmsieve.spec

clean:
	rm -rf $(BUILD) .build Benchmarks/.build Fuzzing/.build

clean-lab:
	rm -rf $(VMSIEVE_LAB)
