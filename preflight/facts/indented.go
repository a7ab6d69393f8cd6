package facts

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
)

// indented writes v as indented JSON. A list it writes one by one: that of a large cluster's
// pods is 50 MB, and the encoder makes three copies of what it is given.
func indented(w io.Writer, v any) error {
	all := reflect.ValueOf(v)
	if all.Kind() != reflect.Slice || all.Len() == 0 || all.Type().Elem().Kind() != reflect.Struct {
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(v)
	}
	var one bytes.Buffer
	e := json.NewEncoder(&one)
	e.SetIndent(" ", " ")
	before := "[\n "
	for i := range all.Len() {
		one.Reset()
		one.WriteString(before)
		if err := e.Encode(all.Index(i).Addr().Interface()); err != nil {
			return err
		}
		one.Truncate(one.Len() - len("\n"))
		if _, err := w.Write(one.Bytes()); err != nil {
			return err
		}
		before = ",\n "
	}
	_, err := io.WriteString(w, "\n]\n")
	return err
}
