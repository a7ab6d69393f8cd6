package manifest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	apimachineryversion "k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	"k8s.io/apiserver/pkg/cel/environment"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// A validator says what an API server of one minor refuses.
type validator struct {
	environment *environment.EnvSet
	// stateless compiles expressions that refer to no others.
	stateless cel.Compiler
	// reservesStatic says that some names are for the API server's own files.
	reservesStatic bool
}

// newValidator is for the version that runs, at which manifests are applied; where
// that is not known, for the newest. An API server lets new expressions use what
// the minor before it knew already (k8s.io/apiserver pkg/cel/environment).
func newValidator(s *facts.Snapshot) *validator {
	compatible, reserves := environment.DefaultCompatibilityVersion(), true
	running, _ := facts.ServerVersion.Get(s)
	if v, err := version.Parse(running.GitVersion); err == nil {
		reserves = version.StaticNames.In(running.GitVersion)
		if before := apimachineryversion.MajorMinor(uint(v.Major), uint(v.Minor-1)); before.LessThan(compatible) {
			compatible = before
		}
	}
	set := environment.MustBaseEnvSet(compatible)
	return &validator{set, cel.NewCompiler(set), reserves}
}

// composer compiles expressions that may refer to the variables before them.
func (v *validator) composer() cel.Compiler {
	c, err := cel.NewCompositedCompiler(v.environment)
	if err != nil {
		return v.stateless
	}
	return c
}

// compile says what is wrong with an expression.
func compile(path *field.Path, c cel.Compiler, e cel.ExpressionAccessor, o cel.OptionalVariableDeclarations) field.ErrorList {
	if strings.TrimSpace(e.GetExpression()) == "" {
		return field.ErrorList{field.Required(path, "")}
	}
	if result := c.CompileCELExpression(e, o, environment.NewExpressions); result.Error != nil {
		return field.ErrorList{field.Invalid(path, e.GetExpression(), result.Error.Detail)}
	}
	return nil
}

func (v *validator) matchConditions(path *field.Path, all []admissionregistrationv1.MatchCondition, params bool) field.ErrorList {
	var errs field.ErrorList
	if len(all) > mostConditions {
		errs = append(errs, field.TooMany(path, len(all), mostConditions))
	}
	names := map[string]bool{}
	for n, c := range all {
		at := path.Index(n)
		condition := matchconditions.MatchCondition{Name: c.Name, Expression: strings.TrimSpace(c.Expression)}
		errs = append(errs, compile(at.Child("expression"), v.stateless, &condition, cel.OptionalVariableDeclarations{HasParams: params, HasAuthorizer: true})...)
		switch {
		case c.Name == "":
			errs = append(errs, field.Required(at.Child("name"), ""))
		case names[c.Name]:
			errs = append(errs, field.Duplicate(at.Child("name"), c.Name))
		default:
			errs = append(errs, qualified(at.Child("name"), c.Name)...)
		}
		names[c.Name] = true
	}
	return errs
}

func qualified(path *field.Path, name string) (errs field.ErrorList) {
	for _, why := range validation.IsQualifiedName(name) {
		errs = append(errs, field.Invalid(path, name, why))
	}
	return errs
}

var (
	identifier = regexp.MustCompile(`^[_a-zA-Z][_a-zA-Z0-9]*$`)
	// reserved are the words that CEL keeps for itself
	// (github.com/google/cel-spec doc/langdef.md, Syntax).
	reserved = strings.Fields("true false null in as break const continue else for function if import let loop package namespace return var void while")
)

func (v *validator) variables(path *field.Path, c cel.Compiler, all []admissionregistrationv1.Variable, o cel.OptionalVariableDeclarations) field.ErrorList {
	var errs field.ErrorList
	for n, w := range all {
		at := path.Index(n)
		switch {
		case strings.TrimSpace(w.Name) == "":
			errs = append(errs, field.Required(at.Child("name"), ""))
		case !identifier.MatchString(w.Name) || slices.Contains(reserved, w.Name):
			errs = append(errs, field.Invalid(at.Child("name"), w.Name, "it is no identifier of CEL"))
		}
		if strings.TrimSpace(w.Expression) == "" {
			errs = append(errs, field.Required(at.Child("expression"), ""))
			continue
		}
		if composed, ok := c.(*cel.CompositedCompiler); ok {
			result := composed.CompileAndStoreVariable(&validating.Variable{Name: w.Name, Expression: w.Expression}, o, environment.NewExpressions)
			if result.Error != nil {
				errs = append(errs, field.Invalid(at.Child("expression"), w.Expression, result.Error.Detail))
			}
		}
	}
	return errs
}

// paramKind demands a version and a kind that could be served.
func paramKind(path *field.Path, k *admissionregistrationv1.ParamKind) field.ErrorList {
	if k == nil {
		return nil
	}
	var errs field.ErrorList
	group, line, grouped := strings.Cut(k.APIVersion, "/")
	if !grouped {
		group, line = "", k.APIVersion
	}
	invalid := func(value string, whys []string) {
		if len(whys) > 0 {
			errs = append(errs, field.Invalid(path.Child("apiVersion"), value, strings.Join(whys, ",")))
		}
	}
	switch {
	case k.APIVersion == "":
		errs = append(errs, field.Required(path.Child("apiVersion"), ""))
	case strings.Contains(line, "/"):
		invalid(k.APIVersion, []string{"it is group/version, with one slash"})
	default:
		if group != "" {
			invalid(group, validation.IsDNS1123Subdomain(group))
		}
		if line == "" {
			invalid(k.APIVersion, []string{"it has no version"})
		} else {
			invalid(line, validation.IsDNS1035Label(line))
		}
	}
	if k.Kind == "" {
		return append(errs, field.Required(path.Child("kind"), ""))
	}
	if whys := validation.IsDNS1035Label(strings.ToLower(k.Kind)); len(whys) > 0 {
		errs = append(errs, field.Invalid(path.Child("kind"), k.Kind, strings.Join(whys, ",")))
	}
	return errs
}

// oneLine demands that a message, where there is one, says something in one line.
func oneLine(path *field.Path, message string) field.ErrorList {
	trimmed := strings.TrimSpace(message)
	switch {
	case message != "" && trimmed == "":
		return field.ErrorList{field.Invalid(path, message, "it is empty")}
	case strings.ContainsAny(trimmed, "\r\n"):
		return field.ErrorList{field.Invalid(path, message, "it has more than one line")}
	}
	return nil
}

func tooLong(path *field.Path, what string, n, most int) field.ErrorList {
	if n <= most {
		return nil
	}
	return field.ErrorList{field.Required(path, fmt.Sprintf("%s may be no longer than %d", what, most))}
}
