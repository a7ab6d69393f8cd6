package facts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"reflect"
	"unicode/utf8"

	kjson "sigs.k8s.io/json"
)

// inPieces reads the fact from its JSON; false where there is none, or it is anything but
// what this version could write, of which the reading as YAML says what is wrong. That takes
// twenty times as much memory as the file has bytes, and that of a large cluster has 50 MB.
func inPieces(fsys fs.FS, f Fact) (any, bool) {
	file, err := fsys.Open(f.ID() + ".json")
	if err != nil {
		return nil, false
	}
	defer file.Close()
	v, err := f.decodeJSON(file)
	return v, err == nil
}

// strictly decodes JSON into v: each field known, by its exact name, and once. Of a list
// one is in memory at a time, beside what it is decoded to.
func strictly(r io.Reader, v any) error {
	all := reflect.ValueOf(v).Elem()
	if all.Kind() != reflect.Slice || all.Type().Elem().Kind() != reflect.Struct {
		b, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		return strict(b, v)
	}
	d := json.NewDecoder(r)
	switch first, err := d.Token(); {
	case err != nil:
		return err
	case first == nil:
		return ended(d)
	case first != json.Delim('['):
		return fmt.Errorf("%v is no list", first)
	}
	all.Set(reflect.MakeSlice(all.Type(), 0, 0))
	alike := NewSharing()
	var raw json.RawMessage
	for d.More() {
		if err := d.Decode(&raw); err != nil {
			return err
		}
		one := reflect.New(all.Type().Elem())
		if err := strict(raw, one.Interface()); err != nil {
			return err
		}
		if pod, ok := one.Interface().(*Pod); ok {
			alike.Pod(pod)
		}
		all.Set(reflect.Append(all, one.Elem()))
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	return ended(d)
}

// ended is an error where anything follows.
func ended(d *json.Decoder) error {
	if _, err := d.Token(); err != io.EOF {
		return errors.New("the text goes on, or breaks off")
	}
	return nil
}

func strict(b []byte, v any) error {
	if !utf8.Valid(b) {
		return errors.New("the text is no UTF-8")
	}
	wrong, err := kjson.UnmarshalStrict(bytes.TrimSpace(b), v)
	return errors.Join(append(wrong, err)...)
}
