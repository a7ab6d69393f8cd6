package preflight

import (
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// MaxString is the number of runes after which a string from the cluster is cut.
const MaxString = 2000

// Clean makes a string from the cluster safe to print: control characters
// (escape sequences among them), bidirectional overrides and invalid UTF-8 are
// replaced, newlines and tabs become spaces, and what is longer than
// [MaxString] is cut with an ellipsis.
func Clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return '\uFFFD'
		}
		return r
	}, s)
	if utf8.RuneCountInString(s) > MaxString {
		s = string([]rune(s)[:MaxString-1]) + "…"
	}
	return s
}

// CleanCopy returns a deep copy of v in which every string is clean. The lines of
// what is to be copied, and of a field named Remedy, stay lines.
func CleanCopy[T any](v T) T {
	return cleanValue(reflect.ValueOf(v)).Interface().(T)
}

// cleanValue returns a deep copy of v in which every string is clean, and lines stay
// lines where they belong to a command.
func cleanValue(v reflect.Value) reflect.Value {
	c := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		c.SetString(Clean(v.String()))
	case reflect.Struct:
		switch v.Type() {
		case reflect.TypeFor[time.Time]():
			return v
		case reflect.TypeFor[remedy.Command]():
			command := v.Interface().(remedy.Command)
			command.Text = cleanLines(command.Text)
			return reflect.ValueOf(command)
		}
		for i := range v.NumField() {
			if v.Type().Field(i).Name == "Remedy" {
				c.Field(i).SetString(cleanLines(v.Field(i).String()))
				continue
			}
			c.Field(i).Set(cleanValue(v.Field(i)))
		}
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		c = reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			c.Index(i).Set(cleanValue(v.Index(i)))
		}
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		c = reflect.MakeMap(v.Type())
		for it := v.MapRange(); it.Next(); {
			c.SetMapIndex(cleanValue(it.Key()), cleanValue(it.Value()))
		}
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return v
		}
		if v.Kind() == reflect.Pointer {
			c.Set(reflect.New(v.Type().Elem()))
			c.Elem().Set(cleanValue(v.Elem()))
		} else {
			c.Set(cleanValue(v.Elem()))
		}
	default:
		return v
	}
	return c
}

func cleanLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = Clean(l)
	}
	return strings.Join(lines, "\n")
}
