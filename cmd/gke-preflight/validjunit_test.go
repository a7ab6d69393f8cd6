package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// junitElements are those that Jenkins takes, with what each must have, may have,
// and may hold; as do GitLab and Azure.
var junitElements = map[string]struct{ must, may, holds []string }{
	"testsuites": {nil, []string{"name", "time", "tests", "failures", "errors"}, []string{"testsuite"}},
	"testsuite":  {[]string{"name", "tests", "failures", "errors"}, []string{"skipped", "time", "timestamp", "hostname", "id"}, []string{"properties", "testcase", "system-out", "system-err"}},
	"properties": {nil, nil, []string{"property"}},
	"property":   {[]string{"name", "value"}, nil, nil},
	"testcase":   {[]string{"name"}, []string{"classname", "time"}, []string{"skipped", "error", "failure", "system-out", "system-err"}},
	"skipped":    {nil, []string{"message", "type"}, nil},
	"error":      {nil, []string{"message", "type"}, nil},
	"failure":    {nil, []string{"message", "type"}, nil},
	"system-out": {},
	"system-err": {},
}

// asJUnit has the elements and attributes that are known and no other, text only
// where text belongs, and counts that are right.
func asJUnit(b []byte, r preflight.Report) error {
	d := xml.NewDecoder(bytes.NewReader(b))
	var errs []error
	var in []string
	counted, said := map[string]int{}, map[string]string{}
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			errs = append(errs, junitElement(token, in))
			in = append(in, token.Name.Local)
			counted[token.Name.Local]++
			for _, a := range token.Attr {
				if token.Name.Local == "testsuite" {
					said[a.Name.Local] = a.Value
				}
			}
		case xml.EndElement:
			in = in[:len(in)-1]
		case xml.CharData:
			if len(in) > 0 && junitElements[in[len(in)-1]].holds != nil && len(bytes.TrimSpace(token)) > 0 {
				errs = append(errs, fmt.Errorf("text in <%s>: %.40q", in[len(in)-1], token))
			}
		}
	}
	for attribute, element := range map[string]string{"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"} {
		if said[attribute] != fmt.Sprint(counted[element]) {
			errs = append(errs, fmt.Errorf("%s are %s, and there are %d", attribute, said[attribute], counted[element]))
		}
	}
	if (counted["failure"] > 0) != (r.Verdict == preflight.NotReady) || r.Verdict == preflight.Inconclusive && counted["error"] == 0 {
		errs = append(errs, fmt.Errorf("%s with %d failures and %d errors", r.Verdict, counted["failure"], counted["error"]))
	}
	return errors.Join(errs...)
}

func junitElement(e xml.StartElement, in []string) error {
	rule, known := junitElements[e.Name.Local]
	var has []string
	for _, a := range e.Attr {
		has = append(has, a.Name.Local)
		if !slices.Contains(slices.Concat(rule.must, rule.may), a.Name.Local) {
			return fmt.Errorf("<%s> has no %s", e.Name.Local, a.Name.Local)
		}
	}
	for _, m := range rule.must {
		if !slices.Contains(has, m) {
			return fmt.Errorf("<%s> lacks %s", e.Name.Local, m)
		}
	}
	if !known || len(in) == 0 && e.Name.Local != "testsuites" || len(in) > 0 && !slices.Contains(junitElements[in[len(in)-1]].holds, e.Name.Local) {
		return fmt.Errorf("<%s> in %v", e.Name.Local, in)
	}
	return nil
}
