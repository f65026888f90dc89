"""Models and JSON bytes: conversion, generated code, the path of an error, and redaction of secrets."""
