package redact

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// filesOf are the files of a recording of s, compressed: as JSON they are fifty times as
// large, and decoded larger still.
func filesOf(s *facts.Snapshot) ([]*zip.File, error) {
	var b bytes.Buffer
	if err := s.WriteZip(&b); err != nil {
		return nil, err
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		return nil, err
	}
	return z.File, nil
}

func stem(f *zip.File) string {
	stem, _, _ := strings.Cut(f.Name, ".")
	return stem
}

// entries calls do with the JSON in f: of a list, which it reports, with one entry after the
// other, each as a list of that one; and else with all of it.
func entries(f *zip.File, do func(v any, list bool) error) (list bool, err error) {
	file, err := f.Open()
	if err != nil {
		return false, err
	}
	defer file.Close()
	from := bufio.NewReader(file)
	first, err := from.Peek(1)
	if err != nil {
		return false, err
	}
	d := json.NewDecoder(from)
	d.UseNumber()
	if first[0] != '[' {
		var v any
		if err := d.Decode(&v); err != nil {
			return false, err
		}
		return false, do(v, false)
	}
	if _, err := d.Token(); err != nil {
		return true, err
	}
	for d.More() {
		var v any
		if err := d.Decode(&v); err != nil {
			return true, err
		}
		if err := do([]any{v}, true); err != nil {
			return true, err
		}
	}
	_, err = d.Token()
	return true, err
}

// rewrite writes what to makes of the entries of f.
func rewrite(w io.Writer, f *zip.File, to func(any) any) error {
	e, before, end := json.NewEncoder(w), "[", "[]"
	list, err := entries(f, func(v any, list bool) error {
		if !list {
			return e.Encode(to(v))
		}
		if _, err := io.WriteString(w, before); err != nil {
			return err
		}
		before, end = ",", "]"
		one, _ := to(v).([]any)
		return e.Encode(one[0])
	})
	if err == nil && list {
		_, err = io.WriteString(w, end)
	}
	return err
}
