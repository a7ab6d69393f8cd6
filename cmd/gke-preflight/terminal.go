package main

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/gke-preflight/gke-preflight/preflight/render"
)

// display is what is known of the stream that a view goes to.
type display struct {
	// tty says that a person watches.
	tty   bool
	width int
	utf8  bool
	dumb  bool
}

func terminal(w io.Writer) display {
	d := display{width: 100, utf8: isUTF8(), dumb: os.Getenv("TERM") == "dumb"}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return d
	}
	d.tty = true
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		d.width = min(width, 160)
	}
	return d
}

// isUTF8 follows POSIX: LC_ALL wins over LC_CTYPE, and that over LANG. Where
// none is set, as in most containers, the reader is taken to be modern.
func isUTF8() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(os.Getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return true
}

func (d display) options() render.Options {
	return render.Options{Width: d.width, Colour: d.colour("auto"), ASCII: !d.utf8}
}

// colour decides by the flag, then NO_COLOR, then FORCE_COLOR and
// CLICOLOR_FORCE, then by whether a person watches.
func (d display) colour(flag string) bool {
	switch {
	case flag != "auto":
		return flag == "always"
	case os.Getenv("NO_COLOR") != "":
		return false
	case isSet("FORCE_COLOR") || isSet("CLICOLOR_FORCE"):
		return true
	}
	return d.tty && !d.dumb
}

func isSet(name string) bool {
	v := os.Getenv(name)
	return v != "" && v != "0"
}
