import type { CueLists } from '../cue-lists.ts';

export const es: CueLists = {
  voicemail: `
    deje su mensaje, deja tu mensaje, deje un mensaje, deja un mensaje, dejar un mensaje, dejar su mensaje,
    déjame un mensaje, déjenos un mensaje, deje su nombre, deja tu nombre, dejen su mensaje, después de la señal,
    después del tono, tras la señal, al oír la señal, después de oír la señal, después del bip, después del pitido,
    buzón de voz, buzón, contestador, contestador automático, mensaje de voz, grabe su mensaje, graba tu mensaje,
    no puedo atender, no podemos atender, no puede atender, no puedo contestar, no podemos contestar,
    no puedo responder, no podemos responder, ahora no puedo ponerme, le llamaré, te llamaré,
    le devolveré la llamada, te devolveré la llamada, le devolveremos la llamada, nos pondremos en contacto,
    me pondré en contacto, en cuanto pueda, lo antes posible`,
  unavailable: `
    número que ha marcado, el número marcado, número marcado no existe, número al que llama,
    número que usted marcó, número que usted ha marcado, número no existe, no existe,
    no está disponible en este momento inténtelo, está apagado, apagado o fuera, fuera de cobertura,
    fuera de servicio, no se encuentra disponible, teléfono al que llama, abonado al que llama,
    usuario al que llama, inténtelo más tarde, inténtelo de nuevo, intente más tarde, llame más tarde,
    no está en servicio, líneas están ocupadas, temporalmente fuera`,
  menu: `
    pulse uno, pulse dos, pulse tres, pulse cero, pulse 1, pulse 2, pulse 3, pulse 0, pulse el, pulse la,
    presione uno, presione dos, presione 1, presione 2, presione el, marque uno, marque dos, marque el, marque la,
    marque 1, marque 2, oprima, teclee, introduzca su, introduzca el, ingrese su, siguientes opciones,
    menú principal, elija una, seleccione una, diga en, díganos, en pocas palabras, para español, para ventas,
    para atención, para hablar con, tecla almohadilla, si conoce la extensión`,
  recorded: `
    su llamada es, su llamada será, puede ser grabada, será grabada, no estoy disponible, no estamos disponibles,
    no estoy en casa, no estamos en casa, horario de atención, nuestro horario, manténgase a la espera,
    permanezca a la espera, permanezca en línea, todos nuestros agentes, un momento por favor no cuelgue,
    estamos cerrados, ahora mismo no estoy, en este momento no estoy, en este momento no estamos`,
  formal: `
    ha llamado a, ha llamado al, usted ha llamado, se ha comunicado con, se comunicó con, ha contactado con,
    esta llamada, no está disponible, en este momento no, bienvenido a, bienvenidos a, gracias por llamar,
    gracias por su llamada`,
  person: `
    quién es, quién habla, de parte de quién, con quién hablo, dígame, diga, sí dígame, sí diga, hola sí, sí hola,
    bueno quién, en qué puedo ayudarle, en qué puedo ayudarte, en qué le puedo ayudar, en qué puedo servirle,
    cómo puedo ayudarle, qué desea, me oye, me escucha, me oyes, hola hola, le atiende, te atiende, al habla,
    al aparato, un momentito, espere un momento, espera un momento, estoy conduciendo, eres tú`,
};
