BUILD = build
.PHONY: build
build:
	swift build -c release --product vmsieve -Xswiftc -static-executable
	mkdir -p $(BUILD) && strip -s -o $(BUILD)/vmsieve .build/release/vmsieve
