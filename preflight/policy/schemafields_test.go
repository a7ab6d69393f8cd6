package policy_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/policy"
)

// schemaOf is the schema of policies that may name these checks. Which fields there
// are, and which have to be, is asked of the reader. It is in the draft that every
// editor knows.
func schemaOf(t *testing.T, checks []preflight.Check) *jsonschema.Schema {
	t.Helper()
	all := append(slices.Clone(checks), policy.Own()...)
	s := object(t, checks, "", "zzz: x\n", all)
	s.Schema, s.Title = "http://json-schema.org/draft-07/schema#", "Policy of gke-preflight"
	s.Description = "Severities, thresholds and waivers: gke-preflight explain policy"
	s.Definitions = map[string]*jsonschema.Schema{"check": checkNames(all)}
	for _, list := range []string{"severities", "thresholds", "waivers"} {
		s.Properties[list].Items = object(t, checks, list, head+list+":\n- {zzz: x}\n", all)
	}
	s.Properties["severities"].Items.AllOf = []*jsonschema.Schema{notLowered(all)}
	s.Properties["thresholds"].Items.AllOf = thresholdsOf(all)
	return s
}

// object is a mapping with the fields that the reader knows where text has one that it
// does not, and requires those that it misses there.
func object(t *testing.T, checks []preflight.Check, list, text string, all []preflight.Check) *jsonschema.Schema {
	t.Helper()
	_, err := policy.Parse("policy.yaml", []byte(text), checks, day)
	if err == nil {
		t.Fatalf("%s is read", text)
	}
	known := regexp.MustCompile(`zzz: there is no such field: there are (.+)`).FindStringSubmatch(err.Error())
	if known == nil {
		t.Fatal(err)
	}
	s := &jsonschema.Schema{Type: "object", Properties: map[string]*jsonschema.Schema{}, AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}}}
	for _, m := range regexp.MustCompile(`(\w+): it is missing`).FindAllStringSubmatch(err.Error(), -1) {
		s.Required = append(s.Required, m[1])
	}
	s.PropertyOrder = strings.Split(known[1], ", ")
	for _, field := range s.PropertyOrder {
		property := propertyOf(field)
		if property == nil {
			t.Fatalf("%s has a field %s, which the schema does not know", list, field)
		}
		if property.Type == "string" && !slices.Contains(s.Required, field) {
			property.Type, property.Types = "", []string{"string", "null"}
		}
		s.Properties[field] = property
	}
	slices.SortFunc(s.Required, func(a, b string) int { return slices.Index(s.PropertyOrder, a) - slices.Index(s.PropertyOrder, b) })
	return s
}

// propertyOf is what a field takes; nil for one that is not known here.
func propertyOf(field string) *jsonschema.Schema {
	text := func(description string) *jsonschema.Schema {
		return &jsonschema.Schema{Type: "string", Pattern: `\S`, Description: description, Extra: elseSay("It is empty.")}
	}
	list := func(description string) *jsonschema.Schema {
		return &jsonschema.Schema{Types: []string{"array", "null"}, Description: description}
	}
	switch field {
	case "apiVersion":
		return &jsonschema.Schema{Const: jsonschema.Ptr[any](policy.APIVersion)}
	case "kind":
		return &jsonschema.Schema{Const: jsonschema.Ptr[any](policy.Kind)}
	case "severities":
		return list("Severities that replace those of checks. The first that matches a finding counts.")
	case "thresholds":
		return list("Numbers in checks that are moved. The first that matches the cluster counts.")
	case "waivers":
		return list("Findings and open questions that are accepted up to a day.")
	case "check":
		return &jsonschema.Schema{Ref: "#/definitions/check"}
	case "subject":
		return text("A pattern for the subject as the report writes it, Kind namespace/name (webhook); without it any. * stands for any text, ? for one character.")
	case "cluster":
		return text("A pattern for PROJECT/LOCATION/NAME; without it any. * stands for any text, ? for one character.")
	case "reason":
		return text("Why. It stands in the report.")
	case "owner":
		return text("Who answers for the waiver.")
	case "severity":
		return &jsonschema.Schema{Enum: []any{preflight.Info.String(), preflight.Warning.String(), preflight.Blocker.String()}, Description: "The severity that findings get."}
	case "until":
		return &jsonschema.Schema{Type: "string", Format: "date", Pattern: `^\d{4}-(02-(0[1-9]|[12]\d)|(0[469]|11)-(0[1-9]|[12]\d|30)|(0[13578]|1[02])-(0[1-9]|[12]\d|3[01]))$`, Extra: elseSay("This is no day: write it as 2026-12-31."),
			Description: "The last day on which the waiver applies, in UTC, such as 2026-12-31: within " + strconv.Itoa(policy.MaxDays) + " days from the day of the run."}
	case "set":
		return &jsonschema.Schema{Type: "object", MinProperties: jsonschema.Ptr(1), Description: "Thresholds of the check and their values, such as {days: 14}."}
	}
	return nil
}

// elseSay is what editors say where a pattern does not match, rather than the pattern.
func elseSay(text string) map[string]any { return map[string]any{"patternErrorMessage": text} }

// checkNames are the IDs and the names of checks. An ID counts in lower case, too, but
// is offered as it is.
func checkNames(checks []preflight.Check) *jsonschema.Schema {
	var names, titles []any
	for _, c := range checks {
		names, titles = append(names, c.ID), append(titles, c.Name+": "+c.Title)
	}
	for _, c := range checks {
		names, titles = append(names, c.Name), append(titles, c.ID+": "+c.Title)
	}
	return &jsonschema.Schema{Description: "A check, by its ID or its name.", AnyOf: []*jsonschema.Schema{
		{Enum: names, Extra: map[string]any{"enumDescriptions": titles, "markdownEnumDescriptions": titles}},
		{Pattern: called(checks...), Type: "string"},
	}}
}

// called matches all that these checks may be called.
func called(checks ...preflight.Check) string {
	var names []string
	for _, c := range checks {
		names = append(names, "[Gg][Pp]"+strings.TrimPrefix(c.ID, "GP"), c.Name)
	}
	return "^(" + strings.Join(names, "|") + ")$"
}

func ifCalled(then *jsonschema.Schema, checks ...preflight.Check) *jsonschema.Schema {
	return &jsonschema.Schema{
		If:   &jsonschema.Schema{Properties: map[string]*jsonschema.Schema{"check": {Type: "string", Pattern: called(checks...)}}, Required: []string{"check"}},
		Then: then,
	}
}

// notLowered lets checks that can find blockers keep that severity.
func notLowered(all []preflight.Check) *jsonschema.Schema {
	blocking := slices.DeleteFunc(slices.Clone(all), func(c preflight.Check) bool { return c.Severity < preflight.Blocker })
	only := &jsonschema.Schema{Const: jsonschema.Ptr[any](preflight.Blocker.String()), Description: "This check can find blockers, and an override has no end: accept them by a waiver."}
	return ifCalled(&jsonschema.Schema{Properties: map[string]*jsonschema.Schema{"severity": only}}, blocking...)
}

// thresholdsOf says which thresholds each check has, and that others have none.
func thresholdsOf(all []preflight.Check) []*jsonschema.Schema {
	having := slices.DeleteFunc(slices.Clone(all), func(c preflight.Check) bool { return c.Thresholds == nil })
	rules := []*jsonschema.Schema{{Properties: map[string]*jsonschema.Schema{"check": {Pattern: called(having...), Description: "A check that has thresholds.", Extra: elseSay("This check has no thresholds.")}}}}
	for _, c := range having {
		set := &jsonschema.Schema{Properties: map[string]*jsonschema.Schema{}, AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}}}
		for _, th := range c.Thresholds {
			set.PropertyOrder = append(set.PropertyOrder, th.Name)
			set.Properties[th.Name] = &jsonschema.Schema{Type: "integer", Default: json.RawMessage(strconv.Itoa(th.Default)), Description: th.What,
				Minimum: jsonschema.Ptr(float64(th.Min)), Maximum: jsonschema.Ptr(float64(th.Max))}
		}
		rules = append(rules, ifCalled(&jsonschema.Schema{Properties: map[string]*jsonschema.Schema{"set": set}}, c))
	}
	return rules
}
