import { z } from 'zod';
import { defineRoute } from '../route.ts';

export const openApi = defineRoute({
  name: 'openapi',
  half: 'both',
  method: 'GET',
  path: '/api/v1/openapi.json',
  access: 'anonymous',
  summary: 'This document: every route of both halves, with its schemas and error codes',
  answers: { 200: z.looseObject({ openapi: z.string() }).describe('An OpenAPI 3.1 document.') },
  errors: [],
});

export const asyncApi = defineRoute({
  name: 'asyncapi',
  half: 'both',
  method: 'GET',
  path: '/api/v1/asyncapi.json',
  access: 'anonymous',
  summary: 'What is said on the sockets: every message, in which order, how fast, and why they close',
  answers: { 200: z.looseObject({ asyncapi: z.string() }).describe('An AsyncAPI 3.1 document.') },
  errors: [],
});

export const referencePage = defineRoute({
  name: 'docs',
  half: 'stream-host',
  method: 'GET',
  path: '/api/v1/docs',
  access: 'anonymous',
  summary: 'This document, and that of the sockets, as an interactive page',
  description: 'All of it comes from this server; it works without a network.',
  produces: 'text/html; charset=utf-8',
  answers: { 200: z.string().describe('The page.') },
  errors: [],
});
