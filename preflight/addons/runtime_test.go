package addons

import "testing"

// TestBlindToCgroupV2: who is told that an image will be killed for memory must be able to
// believe it, so that a tag which hides the patch tells nothing.
func TestBlindToCgroupV2(t *testing.T) {
	for image, want := range map[string]bool{
		"openjdk:8u212-jre-alpine": true, "docker.io/library/openjdk:8u372": false, "openjdk:8-jre": false, "openjdk:8": false, "openjdk:latest": false, "openjdk": false,
		"mirror.example.org/hub/openjdk:11.0.11-jre-slim": true, "openjdk:11": false, "openjdk:11-jre-slim": false, "openjdk:14-alpine": true, "openjdk:9": true, "openjdk:17.0.1": false,
		"eclipse-temurin:11.0.15_10-jre": true, "eclipse-temurin:11.0.16_8-jre": false, "eclipse-temurin:8u362-b09-jre-focal": true, "eclipse-temurin:21": false,
		"amazoncorretto:8u352-al2": true, "public.ecr.aws/amazoncorretto/amazoncorretto:11.0.20": false, "azul/zulu-openjdk:8u345": true,
		"openjdk@sha256:0123": false, "shop/not-openjdk:8u212": false,
		"mcr.microsoft.com/dotnet/core/aspnet:3.1-alpine": true, "mcr.microsoft.com/dotnet/aspnet:3.1.32": true, "mcr.microsoft.com/dotnet/runtime:5.0": false,
		"mcr.microsoft.com/dotnet/sdk:8.0": false, "mcr.microsoft.com/dotnet/runtime:10.0-noble": false, "mcr.microsoft.com/dotnet/runtime:latest": false,
	} {
		if got := BlindToCgroupV2(ReferenceOf(image)); got != want {
			t.Errorf("%s: %t", image, got)
		}
	}
}
