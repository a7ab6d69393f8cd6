package gketest

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"cloud.google.com/go/monitoring/apiv3/v2/monitoringpb"
	"cloud.google.com/go/recommender/apiv1/recommenderpb"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// A route leads from a path of the REST interface to a method.
type route struct {
	path   *regexp.Regexp
	method grpc.MethodDesc
}

// routes are those of the methods that read, which are those with a GET binding
// in the services' definitions.
func routes() []route {
	out := routesOf(containerpb.ClusterManager_ServiceDesc, containerpb.File_google_container_v1_cluster_service_proto)
	out = append(out, routesOf(recommenderpb.Recommender_ServiceDesc, recommenderpb.File_google_cloud_recommender_v1_recommender_service_proto)...)
	return append(out, routesOf(monitoringpb.MetricService_ServiceDesc, monitoringpb.File_google_monitoring_v3_metric_service_proto)...)
}

func routesOf(service grpc.ServiceDesc, file protoreflect.FileDescriptor) (out []route) {
	handlers := map[string]grpc.MethodDesc{}
	for _, m := range service.Methods {
		handlers[m.MethodName] = m
	}
	methods := file.Services().ByName(protoreflect.FullName(service.ServiceName).Name()).Methods()
	for i := range methods.Len() {
		m := methods.Get(i)
		rule := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
		for _, r := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
			if r.GetGet() != "" {
				out = append(out, route{pathPattern(r.GetGet()), handlers[string(m.Name())]})
			}
		}
	}
	return out
}

var variable = regexp.MustCompile(`\{(\w+)(?:=([^}]*))?\}`)

// pathPattern turns a template of google.api.http, such as
// /v1/{name=projects/*/locations/*}/serverConfig, into an expression with a
// group for each variable.
func pathPattern(template string) *regexp.Regexp {
	return regexp.MustCompile("^" + variable.ReplaceAllStringFunc(template, func(v string) string {
		parts := variable.FindStringSubmatch(v)
		segments := parts[2]
		if segments == "" {
			segments = "*"
		}
		return "(?P<" + parts[1] + ">" + strings.ReplaceAll(segments, "*", "[^/:]+") + ")"
	}) + "$")
}

// route finds the method for a request and a function that fills in its message.
func (s *Server) route(r *http.Request) (method grpc.MethodDesc, fill func(proto.Message), found bool) {
	if r.Method != http.MethodGet {
		return method, nil, false
	}
	for _, candidate := range s.routes {
		if groups := candidate.path.FindStringSubmatch(r.URL.Path); groups != nil {
			names := candidate.path.SubexpNames()
			return candidate.method, func(m proto.Message) {
				for i, name := range names[1:] {
					set(m.ProtoReflect(), name, groups[i+1])
				}
				for name, values := range r.URL.Query() {
					setQuery(m.ProtoReflect(), strings.Split(name, "."), values)
				}
			}, true
		}
	}
	return method, nil, false
}

// setQuery sets what stands in the query, if path leads to a field of the message:
// the others are the interface's own, such as $alt.
func setQuery(m protoreflect.Message, path []string, values []string) {
	f := m.Descriptor().Fields().ByJSONName(path[0])
	switch {
	case f == nil:
	case len(path) > 1 && f.Message() != nil:
		setQuery(m.Mutable(f).Message(), path[1:], values)
	case f.Message() != nil:
		_ = protojson.Unmarshal([]byte(strconv.Quote(values[0])), m.Mutable(f).Message().Interface())
	case f.IsList():
		for _, v := range values {
			m.Mutable(f).List().Append(protoreflect.ValueOfString(v))
		}
	case f.Kind() == protoreflect.EnumKind:
		if v := f.Enum().Values().ByName(protoreflect.Name(values[0])); v != nil {
			m.Set(f, protoreflect.ValueOfEnum(v.Number()))
		}
	case f.Kind() == protoreflect.Int32Kind:
		n, _ := strconv.ParseInt(values[0], 10, 32)
		m.Set(f, protoreflect.ValueOfInt32(int32(n)))
	default:
		m.Set(f, protoreflect.ValueOfString(values[0]))
	}
}

func set(m protoreflect.Message, field, value string) {
	m.Set(m.Descriptor().Fields().ByName(protoreflect.Name(field)), protoreflect.ValueOfString(value))
}
