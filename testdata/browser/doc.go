// Package browser shows the HTML report in headless Chromium, as a phone, a
// screen and a printer do, in light and dark, and holds that it can be read there
// and asks no network for anything.
//
//	apt-get install --no-install-recommends chromium
//	go test ./testdata/browser
//	go test ./testdata/browser -pictures DIR
package browser
