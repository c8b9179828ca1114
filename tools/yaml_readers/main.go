// Command yaml_readers shows how Kubernetes reads YAML, for tools/record_yaml.py.
//
//	yaml_readers answers          texts as a JSON list on standard input, answers as a JSON list on standard output
//	yaml_readers literals FILE    the YAML texts of a Go test's tables, as a JSON list
package main

import (
	"bufio"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log"
	"os"
	"strconv"
	"strings"

	apimachinery "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

type answer map[string]any

var refused = answer{"refused": true}

func main() {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	var result any
	switch {
	case len(os.Args) == 2 && os.Args[1] == "answers":
		var texts []string
		if err := json.NewDecoder(os.Stdin).Decode(&texts); err != nil {
			log.Fatal(err)
		}
		answers := make([]answer, len(texts))
		for i, text := range texts {
			answers[i] = read(text)
		}
		result = answers
	case len(os.Args) == 3 && os.Args[1] == "literals":
		result = literals(os.Args[2])
	default:
		log.Fatal("usage: yaml_readers answers | literals FILE")
	}
	if err := encoder.Encode(result); err != nil {
		log.Fatal(err)
	}
}

// read splits a text at its separators and reads each document, as kubectl does, without empty documents.
func read(text string) answer {
	found := []json.RawMessage{}
	reader := apimachinery.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for {
		document, err := reader.Read()
		if err == io.EOF {
			return answer{"is": found}
		}
		if err != nil {
			return refused
		}
		body, err := yaml.YAMLToJSON(document)
		if err != nil {
			return refused
		}
		if string(body) != "null" {
			found = append(found, body)
		}
	}
}

// literals returns the first text of each entry in the tables of a test, in order and without repetition.
func literals(file string) []string {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		log.Fatal(err)
	}
	found, seen := []string{}, map[string]bool{}
	ast.Inspect(parsed, func(node ast.Node) bool {
		entry, ok := node.(*ast.CompositeLit)
		if !ok || len(entry.Elts) == 0 {
			return true
		}
		first := entry.Elts[0]
		if pair, ok := first.(*ast.KeyValueExpr); ok {
			first = pair.Value
		}
		if text, ok := joined(first); ok && entry.Type == nil && !seen[text] {
			seen[text] = true
			found = append(found, text)
		}
		return true
	})
	return found
}

// joined returns the text of a literal, or of a sum of literals.
func joined(node ast.Expr) (string, bool) {
	switch value := node.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(value.Value)
		return text, err == nil && value.Kind == token.STRING
	case *ast.BinaryExpr:
		left, isLeft := joined(value.X)
		right, isRight := joined(value.Y)
		return left + right, isLeft && isRight
	}
	return "", false
}
